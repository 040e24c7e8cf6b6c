# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A comparison of two audits as one HTML page that needs nothing else."""
import os.path as osp
from typing import Dict, List

import numpy as np

from mmcurv.files import write_text
from .compare_figures import (moved_measures, plot_before_after, plot_moved,
                              plot_sorted_change)
from .compare_words import (geometry_rows, headline, sentences, signed_number,
                            summary_rows)
from .measures import MEASURES, column
from .page import drawing, page_warnings, panel_scale, render, short
from .report_sections import provenance_rows, two_subjects
from .report_table import Column, class_table, field
from .words import ABSENT, clean, count, interval, is_known, percent, points


def change_text(row: dict) -> str:
    """'+3.0' and, on a second line, '−1.2 to +7.2' if it is known."""
    text = points(row['change'])
    ends = interval(row['low'], row['high'], points)
    return text if ends == ABSENT else f'{text}\n{ends}'


CHANGE_COLUMNS = (
    Column('name', 'Class', 'Name of the class.',
           lambda row: clean(row['name']), lambda row: str(row['name']),
           'text'),
    field('train_count', 'Train n', 'Training images of the class in A.',
          count),
    field('test_count', 'Test n', 'Test images of the class in A.', count),
    field('accuracy_a', 'Accuracy A', 'Accuracy of the class in A.', percent),
    field('accuracy_b', 'Accuracy B', 'Accuracy of the class in B.', percent),
    Column(
        'change', 'Change, points',
        'B minus A in percentage points, with its 95 % interval (Newcombe, '
        'from both Wilson intervals); the line marks 0.', change_text,
        lambda row: row['change'], 'bar'),
    Column('outcome', 'Outcome',
           'Gained or paid: the whole interval lies on one side of 0.',
           lambda row: row['outcome'] or ABSENT, lambda row: row['outcome'],
           'text'),
    field('log_curvature_change', 'Log curvature',
          'Change of the logarithm of the curvature, B minus A.',
          signed_number),
    field('separation_change', 'Separation',
          'Change of the separation degree, B minus A.', signed_number),
    field('volume_change', 'Volume, bits', 'Change of the volume, B minus A.',
          signed_number),
)


def write_comparison(comparison: dict, out_dir: str) -> str:
    """Write ``compare.html``, which opens offline in any browser.

    Args:
        comparison (dict): Record of :func:`mmcurv.audit.compare.compare`.
        out_dir (str): Folder of the page; made if it is missing.

    Returns:
        str: Path of the page.
    """
    path = osp.join(out_dir, 'compare.html')
    write_text(path, render('compare.html.j2', **page_content(comparison)))
    return path


def page_content(comparison: dict) -> Dict[str, object]:
    """Every variable of the comparison's template.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        dict: Texts, lists of texts and finished drawings.
    """
    a, b = comparison['a'], comparison['b']
    rows = sorted(comparison['classes'], key=_losses_first)
    table = _table(rows)
    panels, table['panels'] = _panels(comparison, rows)
    warnings = page_warnings(comparison)
    names = (clean(name, 60) for name in two_subjects(a, b))
    return dict(
        kind='Comparison',
        title=' and '.join(names),
        headline=headline(comparison),
        sentences=sentences(comparison),
        summary=summary_rows(comparison),
        loud=[warning for warning in warnings if warning['loud']],
        warnings=[warning for warning in warnings if not warning['loud']],
        table=table,
        curve=drawing(plot_sorted_change(comparison), 'curve'),
        panels=panels,
        geometry=geometry_rows(comparison),
        provenance=_two_columns(provenance_rows(a), provenance_rows(b)))


def _losses_first(row: dict) -> tuple:
    known = is_known(row['change'])
    return not known, row['change'] if known else 0


def _table(rows: List[dict]) -> dict:
    ends = column(dict(classes=rows),
                  'low'), column(dict(classes=rows), 'high')
    change = column(dict(classes=rows), 'change')
    bars = np.stack([ends[0], change, ends[1]], 1)  # (C, 3)
    known = np.abs(bars[np.isfinite(bars)])
    reach = known.max() if known.size and known.max() > 0 else 1.
    return dict(
        class_table(rows, CHANGE_COLUMNS),
        bars=[short(bar) for bar in (bars / reach + 1) / 2],
        line=0.5,
        marked=[row['outcome'] == 'paid' for row in rows])


def _panels(comparison: dict, rows: List[dict]) -> tuple:
    by_row = dict(classes=rows)
    drawn = plot_before_after(comparison)
    drawings = [drawing(drawn, 'panel0')]
    scales = [
        panel_scale(drawn, 'Accuracy in A', column(by_row, 'accuracy_a'), 'b')
    ]
    for i, measure in enumerate(moved_measures(comparison), 1):
        drawn = plot_moved(comparison, measure)
        drawings.append(drawing(drawn, f'panel{i}'))
        label = f'Change of {MEASURES[measure].label.lower()}'
        values = column(by_row, f'{measure}_change')
        scales.append(panel_scale(drawn, label, values, 'change'))
    heights = dict(
        b=short(column(by_row, 'accuracy_b')),
        change=short(column(by_row, 'change')))
    tips = [
        f'{percent(row["accuracy_a"])} in A, {percent(row["accuracy_b"])} in '
        f'B, {points(row["change"])}' for row in rows
    ]
    return drawings, dict(heights=heights, tips=tips, scales=scales)


def _two_columns(a: List[tuple], b: List[tuple]) -> List[tuple]:
    labels = list(dict.fromkeys(label for label, _ in a + b))
    first, second = dict(a), dict(b)
    return [(label, first.get(label, ABSENT), second.get(label, ABSENT))
            for label in labels]
