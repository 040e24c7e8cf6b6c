# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit as one HTML page that needs nothing but itself."""
import os.path as osp
from typing import Dict, List, Optional

from markupsafe import Markup

from mmcurv.files import write_text
from .audit_figures import plot_calibration, plot_sorted_accuracy
from .measure_figure import drawn_measures, plot_measure
from .measures import MEASURES, column
from .page import drawing, page_warnings, panel_scale, render, short
from .report_images import hardest_images
from .report_sections import (confusion_rows, correlation_rows, off_trend_rows,
                              provenance_rows, subject, summary_cells)
from .report_studies import diagnosis_rows, layer_rows, variant_rows
from .report_table import CLASS_COLUMNS, class_table, worst_first
from .report_verdict import failing_classes, verdict
from .study_figures import diagnosis_variants, plot_diagnosis, plot_layers
from .words import clean, percent

BAR = ('wilson_low', 'accuracy', 'wilson_high')


def write_report(audit: dict, out_dir: str) -> str:
    """Write ``report.html``, which opens offline in any browser.

    Everything in it is drawn from the record, except thumbnails of the
    images that the record names, where their files can be read.

    Args:
        audit (dict): Audit record, as read from ``audit.json``.
        out_dir (str): Folder of the page; made if it is missing.

    Returns:
        str: Path of the page.
    """
    path = osp.join(out_dir, 'report.html')
    write_text(path, render('report.html.j2', **report_content(audit)))
    return path


def report_content(audit: dict) -> Dict[str, object]:
    """Every variable of the report's template.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: Texts, lists of texts and finished drawings.
    """
    facts = audit['provenance']
    rows = worst_first(audit['classes'])
    table = _table(audit, rows)
    panels, table['panels'] = _panels(audit, rows)
    return dict(
        kind='Class audit',
        title=clean(subject(facts), 80),
        facts=facts,
        made=clean(facts.get('created') or '')[:16].replace('T', ' '),
        verdict=verdict(audit),
        cells=summary_cells(audit),
        warnings=page_warnings(audit),
        table=table,
        panels=panels,
        correlations=correlation_rows(audit),
        off_trend=off_trend_rows(audit),
        confusions=confusion_rows(audit),
        curve=drawing(plot_sorted_accuracy(audit), 'curve'),
        calibrations=[
            drawing(plot_calibration(audit, group), f'calibration{i}')
            for i, (group, found) in enumerate((
                audit.get('calibration') or {}).items()) if found
        ],
        hardest=hardest_images(audit),
        layers=layer_rows(audit),
        layer_curve=_layer_curve(audit),
        variants=variant_rows(audit),
        variant_maps=[
            drawing(plot_diagnosis(audit, variant), f'variant{i}')
            for i, variant in enumerate(diagnosis_variants(audit))
        ],
        diagnosis=diagnosis_rows(audit),
        provenance=provenance_rows(facts),
        definitions=list(MEASURES.values()))


def _table(audit: dict, rows: List[dict]) -> dict:
    failing = failing_classes(audit)
    places = () if failing is None else failing
    marked = {audit['classes'][c]['class'] for c in places}
    return dict(
        class_table(rows, CLASS_COLUMNS),
        bars=[short([row.get(key) for key in BAR]) for row in rows],
        line=short([audit['summary']['class_mean']['value']])[0],
        marked=[row['class'] in marked for row in rows])


def _panels(audit: dict, rows: List[dict]) -> tuple:
    drawings, scales = [], []
    by_row = dict(classes=rows)
    for i, measure in enumerate(drawn_measures(audit)):
        drawn = plot_measure(audit, measure)
        drawings.append(drawing(drawn, f'panel{i}'))
        scales.append(
            panel_scale(drawn, MEASURES[measure].label,
                        column(by_row, measure), 'accuracy'))
    return drawings, dict(
        heights=dict(accuracy=short(column(by_row, 'accuracy'))),
        tips=[f'{percent(row.get("accuracy"))} accuracy' for row in rows],
        scales=scales)


def _layer_curve(audit: dict) -> Optional[Markup]:
    if len(audit.get('layers') or {}) < 2:
        return None
    return drawing(plot_layers(audit), 'layers')
