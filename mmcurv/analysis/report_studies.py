# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Layers and diagnosis of an audit as rows of texts for the template."""
from typing import Dict, List

import numpy as np

from .measures import MEASURES
from .study_figures import diagnosis_variants, rows_of_variant, variant_name
from .words import clean, count, interval, number, percent, signed

LAYER_MEASURES = ('curvature', 'volume', 'separation', 'radius',
                  'intrinsic_dimension')


def layer_rows(audit: dict) -> Dict[str, list]:
    """Correlation of each measure with class accuracy, layer by layer.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: ``headings`` and ``rows``, each a layer's name and texts; both
        empty unless the record holds several layers.
    """
    layers = audit.get('layers') or {}
    if len(layers) < 2:
        return dict(headings=[], rows=[])
    rows = []
    for name, layer in layers.items():
        found = layer.get('correlation') or {}
        rows.append([clean(name)] + [
            signed((found.get(key) or {}).get('pearson'))
            for key in LAYER_MEASURES
        ])
    return dict(
        headings=[MEASURES[key].label for key in LAYER_MEASURES], rows=rows)


def diagnosis_rows(audit: dict) -> List[Dict[str, str]]:
    """Every setting of the diagnosis.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts by field of the record.
    """
    rows = []
    for row in (audit.get('diagnosis') or {}).get('rows') or []:
        texts = {
            key: clean(row.get(key, ''))
            for key in ('k', 'tangent_dim', 'normal', 'fit', 'reduction')
        }
        rows.append(
            dict(
                texts,
                scale=clean(row.get('scale', '')),
                is_default=bool(row.get('is_default')),
                pearson=signed(row.get('pearson')),
                spearman=signed(row.get('spearman')),
                unusable_share=percent(row.get('unusable_share')),
                residual=number(row.get('residual')),
                kendall_to_default=signed(row.get('kendall_to_default'))))
    return rows


def variant_rows(audit: dict) -> List[Dict[str, str]]:
    """Each variant of the diagnosis over all its k and m.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: ``name``, ``settings`` (their number), and the lowest and
        highest ``pearson``, ``kendall_to_default``, ``unusable_share`` and
        ``residual`` as texts.
    """
    rows = []
    for variant in diagnosis_variants(audit):
        members = rows_of_variant(audit, variant)
        rows.append(
            dict(
                name=variant_name(variant),
                settings=count(len(members)),
                pearson=_range(members, 'pearson', signed),
                kendall_to_default=_range(members, 'kendall_to_default',
                                          signed),
                unusable_share=_range(members, 'unusable_share', percent),
                residual=_range(members, 'residual', number)))
    return rows


def _range(members: List[dict], key: str, show) -> str:
    values = np.array([row.get(key) for row in members], float)
    values = values[np.isfinite(values)]
    if not values.size:
        return show(None)
    return interval(values.min(), values.max(), show)
