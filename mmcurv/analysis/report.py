# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit as one HTML page that needs nothing but itself."""
import base64
import hashlib
import os.path as osp
from typing import Dict, List, Optional

import jinja2
import numpy as np
from markupsafe import Markup

from mmcurv.atomic_write import write_text
from .audit_figures import (drawn_measures, plot_calibration, plot_measure,
                            plot_sorted_accuracy)
from .inline_svg import axis_scales, inline_svg
from .measures import MEASURES, column
from .report_sections import (confusion_rows, correlation_rows, hardest_images,
                              off_trend_rows, provenance_rows, summary_cells)
from .report_studies import diagnosis_rows, layer_rows, variant_rows
from .report_table import CLASS_COLUMNS, class_table, worst_first
from .report_verdict import failing_classes, verdict
from .study_figures import diagnosis_variants, plot_diagnosis, plot_layers
from .words import clean

TEMPLATES = osp.join(osp.dirname(osp.abspath(__file__)), 'templates')
ROWS_WITHOUT_SCRIPT = 50


def write_report(audit: dict, out_dir: str) -> str:
    """Write ``report.html``, which opens offline in any browser.

    Everything in it is drawn from the record, except thumbnails of the
    images that the record names, where their files can be read. The page
    loads nothing: its security policy forbids it, and lets no script run but
    its own, whatever the names of classes and paths hold.

    Args:
        audit (dict): Audit record, as read from ``audit.json``.
        out_dir (str): Folder of the page; made if it is missing.

    Returns:
        str: Path of the page.
    """
    path = osp.join(out_dir, 'report.html')
    write_text(path, render('report.html.j2', **report_content(audit)))
    return path


def render(template: str, **content) -> str:
    """Fill a template with texts that are escaped, and the shared style.

    Args:
        template (str): File in ``templates``.
        **content: Its variables.

    Returns:
        str: The page.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    script, style = (_own_text(name) for name in ('page.js', 'page.css'))
    digest = hashlib.sha256(script.encode()).digest()
    return environment.get_template(template).render(
        script=Markup(script),
        style=Markup(style),
        script_hash=base64.b64encode(digest).decode(),
        rows_without_script=ROWS_WITHOUT_SCRIPT,
        **content)


def report_content(audit: dict) -> Dict[str, object]:
    """Every variable of the report's template.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: Texts, lists of texts and finished drawings.
    """
    rows = worst_first(audit['classes'])
    failing = failing_classes(audit)
    facts = audit['provenance']
    table = class_table(rows, CLASS_COLUMNS)
    table['bars'] = [[
        row.get('wilson_low'),
        row.get('accuracy'),
        row.get('wilson_high')
    ] for row in rows]
    table['mean'] = audit['summary']['class_mean']['value']
    table['marked'] = _marked(audit, rows, failing)
    panels, table['panels'] = _panels(audit, rows)
    return dict(
        title=clean(facts.get('model') or 'Classifier', 80),
        facts=facts,
        verdict=verdict(audit),
        cells=summary_cells(audit),
        warnings=_warnings(audit),
        table=table,
        panels=panels,
        correlations=correlation_rows(audit),
        off_trend=off_trend_rows(audit),
        confusions=confusion_rows(audit),
        curve=_drawing(plot_sorted_accuracy(audit), 'curve'),
        calibrations=_calibrations(audit),
        hardest=hardest_images(audit),
        layers=layer_rows(audit),
        layer_curve=_layer_curve(audit),
        variants=variant_rows(audit),
        variant_maps=[
            _drawing(plot_diagnosis(audit, variant), f'variant{i}')
            for i, variant in enumerate(diagnosis_variants(audit))
        ],
        diagnosis=diagnosis_rows(audit),
        provenance=provenance_rows(audit),
        definitions=list(MEASURES.values()))


def _own_text(name: str) -> str:
    with open(osp.join(TEMPLATES, name), encoding='utf-8') as file:
        return file.read()


def _drawing(drawn: tuple, name: str) -> Markup:
    figure, axes = drawn
    title = axes.get_title(loc='left')
    return Markup(inline_svg(figure, name, title))  # escaped by the XML writer


def _panels(audit: dict, rows: List[dict]) -> tuple:
    drawings, scales = [], []
    by_row = dict(classes=rows)
    accuracy = _short(column(by_row, 'accuracy'))
    for i, measure in enumerate(drawn_measures(audit)):
        figure, axes = plot_measure(audit, measure)
        drawings.append(_drawing((figure, axes), f'panel{i}'))
        scales.append(
            dict(
                axis_scales(figure, axes),
                label=MEASURES[measure].label,
                values=_short(column(by_row, measure))))
    return drawings, dict(accuracy=accuracy, measures=scales)


def _short(values: np.ndarray) -> list:
    return [
        float(f'{value:.4g}') if np.isfinite(value) else None
        for value in values
    ]


def _marked(audit: dict, rows: List[dict], failing) -> List[bool]:
    places = () if failing is None else failing
    classes = {audit['classes'][c]['class'] for c in places}
    return [row['class'] in classes for row in rows]


def _warnings(audit: dict) -> List[dict]:
    names = {row['class']: row['name'] for row in audit['classes']}
    return [
        dict(
            message=clean(warning['message'], 600),
            classes=[
                clean(names.get(c, c), 60)
                for c in warning.get('classes') or []
            ]) for warning in audit.get('warnings') or []
    ]


def _calibrations(audit: dict) -> List[Markup]:
    groups = audit.get('calibration') or {}
    return [
        _drawing(plot_calibration(audit, group), f'calibration{i}')
        for i, group in enumerate(groups) if groups[group]
    ]


def _layer_curve(audit: dict) -> Optional[Markup]:
    if len(audit.get('layers') or {}) < 2:
        return None
    return _drawing(plot_layers(audit), 'layers')
