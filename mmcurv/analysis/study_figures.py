# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How an audit's main correlation depends on its options and on the layer."""
from typing import Dict, List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .figure_style import panel, set_heading, set_legend
from .measures import MEASURES
from .palette import ACCENT, ALERT, INK, MUTED
from .words import clean, signed

VARIANT = ('normal', 'fit', 'reduction', 'scale')
COLORS = dict(curvature=ALERT, separation=ACCENT, volume=MUTED)


def diagnosis_variants(audit: dict) -> List[tuple]:
    """The variants that a diagnosis holds, each over all of k and m.

    Args:
        audit (dict): Audit record.

    Returns:
        list[tuple]: Values of ``VARIANT``, in the order of the rows.
    """
    rows = (audit.get('diagnosis') or {}).get('rows', [])
    return list(dict.fromkeys(tuple(map(row.get, VARIANT)) for row in rows))


def rows_of_variant(audit: dict, variant: tuple) -> List[dict]:
    """The settings of one variant.

    Args:
        audit (dict): Audit record with ``diagnosis``.
        variant (tuple): One of :func:`diagnosis_variants`.

    Returns:
        list[dict]: Rows of the record.
    """
    return [
        row for row in audit['diagnosis']['rows']
        if tuple(map(row.get, VARIANT)) == variant
    ]


def variant_name(variant: tuple) -> str:
    """'smallest normal, symmetric fit, mean, raw features'."""
    normal, fit, reduction, scale = (None if value is None else clean(
        value, 24) for value in variant)
    parts = (normal and f'{normal} normal', fit
             and f'{fit} fit', reduction, scale and f'{scale} features')
    return ', '.join(part for part in parts if part)


def plot_diagnosis(audit: dict, variant: tuple) -> Tuple[Figure, Axes]:
    """Correlation of curvature and accuracy over neighbours and dimension.

    Args:
        audit (dict): Audit record with ``diagnosis``.
        variant (tuple): One of :func:`diagnosis_variants`.

    Returns:
        tuple: Figure and its axes.
    """
    rows = rows_of_variant(audit, variant)
    ks = sorted({row['k'] for row in rows})
    ms = sorted({row['tangent_dim'] for row in rows})
    grid = np.full((len(ms), len(ks)), np.nan)
    for row in rows:
        if row.get('pearson') is not None:
            place = ms.index(row['tangent_dim']), ks.index(row['k'])
            grid[place] = row['pearson']
    figure, axes = panel(3.9, 2.6)
    axes.grid(False)
    for (i, j), value in np.ndenumerate(grid):
        # Opacity, not a colour scale: it is read on light and dark paper.
        if np.isfinite(value):
            color = ALERT if value < 0 else ACCENT
            axes.add_patch(
                _cell(j, i, color=color, alpha=0.75 * abs(value), linewidth=0))
        axes.text(
            j,
            i,
            signed(value),
            ha='center',
            va='center',
            fontsize=8,
            color=INK)
    for row in rows:
        if row.get('is_default'):
            place = ks.index(row['k']), ms.index(row['tangent_dim'])
            axes.add_patch(
                _cell(
                    *place,
                    fill=False,
                    edgecolor=INK,
                    linewidth=1.6,
                    clip_on=False))
    axes.set_xlim(-0.5, len(ks) - 0.5)
    axes.set_ylim(len(ms) - 0.5, -0.5)
    axes.set_xticks(range(len(ks)), ks)
    axes.set_yticks(range(len(ms)), ms)
    set_heading(axes, 'Pearson r', variant_name(variant))
    axes.set_xlabel('Neighbours k')
    axes.set_ylabel('Tangent dimension m')
    return figure, axes


def plot_layers(audit: dict) -> Tuple[Figure, Axes]:
    """Correlation of each measure with accuracy, layer by layer.

    Args:
        audit (dict): Audit record with ``layers``.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    layers = list(audit['layers'])
    for measure, color in COLORS.items():
        values = [(audit['layers'][layer].get('correlation')
                   or {}).get(measure, {}).get('pearson') for layer in layers]
        axes.plot(
            range(len(layers)),
            np.array(values, float),  # None becomes nan
            color=color,
            marker='o',
            markersize=4,
            label=MEASURES[measure].label)
    names = [clean(layer, 24) for layer in layers]
    axes.set_xticks(range(len(layers)), names, parse_math=False)
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.set_ylim(-1, 1)
    set_heading(axes, 'Correlation with accuracy, by layer')
    axes.set_ylabel('Pearson r')
    set_legend(axes)
    return figure, axes


def _cell(column: int, row: int, **look) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, **look)


def study_figures(audit: dict) -> Dict[str, Tuple[Figure, Axes]]:
    """The figures of layers and diagnosis, where the record has them.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: File name without ending to (figure, axes).
    """
    figures = {}
    if len(audit.get('layers') or {}) > 1:
        figures['layers'] = plot_layers(audit)
    for variant in diagnosis_variants(audit):
        name = '_'.join(str(part) for part in variant if part is not None)
        figures[f'diagnosis_{name}'] = plot_diagnosis(audit, variant)
    return figures
