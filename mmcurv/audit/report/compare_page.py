# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A comparison of two audits as one HTML page that needs nothing else."""
import os.path as osp
from typing import Dict, List

import numpy as np

from mmcurv.files import write_text
from .figures import (MOVED, moved_measures, plot_before_after, plot_moved,
                      plot_sorted_change)
from .numbers import (ABSENT, MEASURES, clean, column, count, interval,
                      is_known, listing, number, p_value, percent, plural,
                      points, probability, signed)
from .page import drawing, page_warnings, panel_scale, render, short
from .report import Column, class_table, field, provenance_rows, two_subjects

NAMED = 5


def signed_number(value) -> str:
    """Three significant digits with their sign, for values of any size."""
    text = number(value)
    return f'+{text}' if is_known(value) and value > 0 else text


# Field of the summary, its name, how its value and its change are shown.
SUMMARY = (
    ('overall', 'All test images', percent, points),
    ('class_mean', 'Class mean', percent, points),
    ('head', 'Head', percent, points),
    ('middle', 'Middle', percent, points),
    ('tail', 'Tail', percent, points),
    ('worst_10pct', 'Worst tenth', percent, points),
    ('worst_class', 'Worst class', percent, points),
    ('variance', 'Variance', number, signed_number),
    ('gini', 'Gini', number, signed_number),
    ('bias', 'Bias', number, signed_number),
)


def headline(comparison: dict) -> str:
    """How many classes gained, how many paid, and the net effect.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        str: Two sentences.
    """
    net = comparison['summary']['class_mean']
    if not is_known(net['value']):
        return 'No class accuracy is known in both audits.'
    net = f'The class mean changed by {_points(net)}.'
    if all(row['outcome'] is None for row in comparison['classes']):
        return f'{net} Which classes gained or paid cannot be told.'
    gained, paid = len(comparison['gained']), len(comparison['paid'])
    return (f'{plural(gained, "class", "classes")} clearly gained, {paid:,} '
            f'clearly paid. {net}')


def sentences(comparison: dict) -> List[str]:
    """The findings behind the headline.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[str]: One paragraph each.
    """
    net = comparison['summary']['class_mean']
    size = plural(net['entered'], 'class', 'classes')
    texts = [
        f'Class mean: {percent(net["a"])} in A, {percent(net["b"])} in B, '
        f'over {size}. The interval is a paired bootstrap: classes are '
        'resampled, each with both of its accuracies.'
    ]
    tested = sum(row['outcome'] is not None for row in comparison['classes'])
    if tested:
        texts.append(
            f'Gained, in points: {_named(comparison, "gained")}. Paid: '
            f'{_named(comparison, "paid")}. A class is named if the whole '
            '95 % interval of its change lies on one side of 0; if nothing '
            f'had changed, up to about {0.025 * tested:.1f} of {tested:,} '
            'would be named on each side by chance.')
    return texts + [
        text
        for text in (_moved(comparison, measure) for measure in MOVED) if text
    ]


def summary_rows(comparison: dict) -> List[Dict[str, str]]:
    """The numbers about fairness in A, in B and between them.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[dict]: Texts ``label``, ``a``, ``b``, ``change``, ``interval``
        and ``entered``; numbers that are not known are left out.
    """
    return [
        dict(
            label=label,
            a=show(entry['a']),
            b=show(entry['b']),
            change=show_change(entry['value']),
            interval=interval(entry['low'], entry['high'], show_change),
            entered=f'{entry["entered"]:,}')
        for key, label, show, show_change in SUMMARY
        for entry in [comparison['summary'][key]] if is_known(entry['value'])
    ]


def geometry_rows(comparison: dict) -> List[Dict[str, str]]:
    """How the measures moved.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[dict]: Texts by field of the record's ``geometry``, with
        ``label``; measures that are not known are left out.
    """
    return [
        dict(
            label=MEASURES[key].label,
            a=number(entry['a']),
            b=number(entry['b']),
            change=signed_number(entry['value']),
            interval=interval(entry['low'], entry['high'], signed_number),
            wilcoxon_p=probability(entry['wilcoxon_p']),
            order=signed(entry['order']),
            pearson=signed(entry['pearson']),
            pearson_ends=interval(entry['pearson_low'], entry['pearson_high'],
                                  signed),
            pearson_p=probability(entry['pearson_p']),
            entered=f'{entry["entered"]:,}')
        for key, entry in comparison['geometry'].items()
        if is_known(entry['value'])
    ]


def _points(entry: dict) -> str:
    text = f'{points(entry["value"])} points'
    if is_known(entry['low']):
        text += f' ({interval(entry["low"], entry["high"], points)})'
    return text


def _named(comparison: dict, outcome: str) -> str:
    changes = {row['name']: row['change'] for row in comparison['classes']}
    names = comparison[outcome]
    if not names:
        return 'none'
    texts = [
        f'{clean(name, 40)} ({points(changes[name])})'
        for name in names[:NAMED]
    ]
    if len(names) > NAMED:
        return f'{", ".join(texts)} and {len(names) - NAMED:,} more'
    return listing(texts)


def _moved(comparison: dict, measure: str) -> str:
    entry = comparison['geometry'][measure]
    if not is_known(entry['low']):
        return ''
    label = MEASURES[measure].label
    ends = interval(entry['low'], entry['high'], signed_number)
    moved = entry['low'] > 0 or entry['high'] < 0
    text = (f'{label} {"moved" if moved else "did not clearly move"}: '
            f'{signed_number(entry["value"])} on average over classes '
            f'(95 % interval {ends}, Wilcoxon '
            f'{p_value(entry["wilcoxon_p"])})')
    if is_known(entry['pearson']):
        ends = interval(entry['pearson_low'], entry['pearson_high'], signed)
        text += ('; its change correlates with the change of accuracy at '
                 f'{signed(entry["pearson"])} ({ends}, '
                 f'{p_value(entry["pearson_p"])})')
    return f'{text}.'


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
