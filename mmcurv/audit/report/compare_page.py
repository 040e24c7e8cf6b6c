# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A comparison of two audits as one HTML page that needs nothing else."""
import os.path as osp
from typing import Dict, List

import numpy as np

from mmcurv.files import write_text
from mmcurv.numbers import (ABSENT, MEASURES, MOVED, NUMBERS, clean, column,
                            count, interval, is_known, number, percent, points,
                            probability, signed, signed_number)
from .page import (Column, class_table, field, page_warnings, panel_scale,
                   render, sentences, short)
from .report import provenance_rows, two_subjects


def _change(row: dict) -> str:
    text = points(row['change'])
    ends = interval(row['low'], row['high'], points)
    return text if ends == ABSENT else f'{text}\n{ends}'


def _outcome(row: dict) -> str:
    text = row['outcome'] or ABSENT
    return f'{text}\nq {probability(row["q_value"])}' if is_known(
        row.get('q_value')) else text


def _fails(row: dict) -> str:
    a, b = row.get('failing_a'), row.get('failing_b')
    if a is None or b is None:
        return ABSENT
    return {
        (0, 0): 'no',
        (1, 1): 'in both',
        (1, 0): 'in A',
        (0, 1): 'in B'
    }[bool(a), bool(b)]


CHANGE_COLUMNS = (
    Column('name', 'Class', 'Name of the class.',
           lambda row: clean(row['name']), lambda row: str(row['name']),
           'text'),
    Column(
        'outcome', 'Outcome',
        'Gained or paid: the test of the class says so after correction over '
        'all classes; q is the corrected p-value, up to 0.05.', _outcome,
        lambda row: row['outcome'], 'mark'),
    field('train_count', 'Train n', 'Training images of the class in A.',
          count),
    field('test_count', 'Test n', 'Test images of the class in A.', count),
    field('accuracy_a', 'Accuracy A', 'Accuracy of the class in A.', percent),
    field('accuracy_b', 'Accuracy B', 'Accuracy of the class in B.', percent),
    Column(
        'change', 'Change, points',
        'B minus A in percentage points, with the 95 % interval of this '
        'class alone, over its test images; the line marks 0.', _change,
        lambda row: row['change'], 'bar'),
    field('only_a_right', 'Only A right',
          'Images of the class that only A gets right.', count),
    field('only_b_right', 'Only B right',
          'Images of the class that only B gets right.', count),
    Column('failing', 'Fails',
           'Whether the class fails in A, in B, in both or in neither.',
           _fails, lambda row: None
           if row.get('failing_b') is None else _fails(row), 'word'),
) + tuple(
    field(f'{key}_change', MEASURES[key].label,
          f'B minus A. {MEASURES[key].meaning}', signed_number)
    for key in MOVED)


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
    from .figures import comparison_figures
    a, b = comparison['a'], comparison['b']
    rows = sorted(comparison['classes'], key=_losses_first)
    figures = comparison_figures(comparison)
    curve = figures.pop('sorted_change').svg()
    table = _table(rows)
    panels, table['script']['panels'] = _panels(rows, figures)
    warnings = page_warnings(comparison)
    names = (clean(name, 60) for name in two_subjects(a, b))
    headline, *paragraphs = comparison_sentences(comparison)
    return dict(
        kind='Comparison',
        title=' and '.join(names),
        headline=headline,
        sentences=paragraphs,
        paired=comparison['paired'],
        method=_test(comparison),
        summary=summary_rows(comparison),
        loud=[warning for warning in warnings if warning['loud']],
        warnings=[warning for warning in warnings if not warning['loud']],
        table=table,
        curve=curve,
        panels=panels,
        geometry=geometry_rows(comparison),
        provenance=_two_columns(provenance_rows(a), provenance_rows(b)))


def comparison_sentences(comparison: dict) -> List[str]:
    """What a comparison found, in plain words with the numbers.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[str]: Headline and paragraphs, plain text.
    """
    by_name = {row['name']: row for row in comparison['classes']}
    why = clean(
        comparison.get('unpaired_why') or 'nothing is known of them.', 300)
    if not why.startswith(('A ', 'B ')):  # inside a sentence
        why = why[0].lower() + why[1:]
    return sentences(
        'compare.txt.j2',
        comparison=comparison,
        unpaired=why,
        method=_test(comparison),
        moved=[key for key in MOVED if key in comparison['geometry']],
        **{
            outcome: [by_name[name] for name in comparison[outcome]]
            for outcome in ('gained', 'paid')
        })


def _test(comparison: dict) -> str:
    """'McNemar's exact test': without that the images are paired."""
    return clean(comparison['tests']['method'].partition(',')[0], 80)


def summary_rows(comparison: dict) -> List[Dict[str, str]]:
    """The numbers about fairness in A, in B and between them.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[dict]: Texts ``label``, ``a``, ``b``, ``change``, ``interval``,
        ``over`` (what the interval is over), ``without`` (A and B without
        noise) and ``entered``; numbers that are not known are left out.
    """
    rows = []
    for key, what in NUMBERS.items():
        entry = comparison['summary'].get(key) or {}
        if not is_known(entry.get('value')):
            continue
        without = ''
        if is_known(entry.get('a_corrected')):
            without = (f'{what.show(entry["a_corrected"])} in A, '
                       f'{what.show(entry["b_corrected"])} in B')
        rows.append(
            dict(
                label=what.label,
                a=what.show(entry['a']),
                b=what.show(entry['b']),
                change=what.show_change(entry['value']),
                interval=interval(entry['low'], entry['high'],
                                  what.show_change),
                over=clean(entry.get('interval') or '', 60),
                without=without,
                entered=count(entry['entered'])))
    return rows


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
            spearman=signed(entry.get('spearman')),
            spearman_ends=interval(
                entry.get('spearman_low'), entry.get('spearman_high'), signed),
            spearman_p=probability(entry.get('spearman_p')),
            entered=count(entry['entered']))
        for key, entry in comparison['geometry'].items()
        if is_known(entry['value'])
    ]


def _losses_first(row: dict) -> tuple:
    known = is_known(row['change'])
    return not known, row['change'] if known else 0


def _table(rows: List[dict]) -> dict:
    by_row = dict(classes=rows)
    bars = np.stack([column(by_row, key) for key in ('low', 'change', 'high')],
                    1)  # (C, 3)
    known = np.abs(bars[np.isfinite(bars)])
    reach = known.max() if known.size and known.max() > 0 else 1.
    outcomes = [
        row['outcome'] if row['outcome'] in ('gained', 'paid') else None
        for row in rows
    ]
    return class_table(
        rows, CHANGE_COLUMNS, outcomes, (bars / reach + 1) / 2, 0.5,
        dict(paid='Only classes that paid', gained='Only classes that gained'))


def _panels(rows: List[dict], figures: dict) -> tuple:
    by_row = dict(classes=rows)
    drawings, scales = [], []
    for name, drawn in figures.items():
        drawings.append(drawn.svg())
        if name == 'accuracy':
            scales.append(
                panel_scale(drawn, 'Accuracy in A',
                            column(by_row, 'accuracy_a'), 'b'))
            continue
        scales.append(
            panel_scale(drawn, f'Change of {MEASURES[name].label.lower()}',
                        column(by_row, f'{name}_change'), 'change'))
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
