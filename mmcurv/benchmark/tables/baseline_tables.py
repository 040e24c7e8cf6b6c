# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of what each method changed against the first one of a matrix."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import ABSENT, clean, probability
from mmcurv.benchmark.collecting.paired_statistics import (holm,
                                                           paired_statistics)
from mmcurv.benchmark.figures.figure_runs import data_label
from .mean_text import with_interval
from .result_tables import NUMBERS, method_label
from .text_table import TextTable

SHOWN = ('overall', 'head', 'middle', 'tail', 'variance')
TESTED = 'tail'
NOTE = (
    'Runs without CR minus runs of {baseline} without CR, paired by seed: '
    'mean difference ± half of its 95 % interval, accuracies in points. '
    'Networks differ where the names say so. Last, p of the paired t-test of '
    'tail accuracy, corrected after Holm for all methods of the table, and in '
    'how many seeds the tail went up.')


def baseline_tables(summary: Dict[str, Any]) -> List[TextTable]:
    """Methods without CR against the first method of the matrix.

    Args:
        summary (dict): Of a collection.

    Returns:
        list[TextTable]: One for each data set on which the first method and
        another one have runs of common seeds.
    """
    plain = [
        cell for cell in summary['cells']
        if not cell['cr'] and not cell['variant']
    ]
    name = method_label(plain)
    by_data: Dict[tuple, List[dict]] = {}
    for cell in plain:
        key = (cell['dataset'], cell['imbalance_factor'])
        by_data.setdefault(key, []).append(cell)
    tables = []
    for data, cells in by_data.items():
        baseline = next(
            (cell for cell in cells if cell['method'] == plain[0]['method']),
            None)
        changes = [(name(cell), _changes(baseline, cell)) for cell in cells
                   if baseline is not None and cell is not baseline]
        changes = [(label, own) for label, own in changes if own['overall'].n]
        if changes:
            tables.append(
                TextTable(
                    f'Against {clean(baseline["method"])}: '
                    f'{clean(data_label(*data))}',
                    ('Method', *(NUMBERS[key].label
                                 for key in SHOWN), 'p, Holm', 'Up'),
                    _rows(changes), 'l' + 'r' * (len(SHOWN) + 2),
                    NOTE.format(baseline=clean(baseline['method']))))
    return tables


def _changes(baseline: Dict[str, Any], cell: Dict[str, Any]) -> Dict[str, Any]:
    changes = {}
    for key in SHOWN:
        before, after = (
            dict(
                zip(one['metrics'][key]['seeds'],
                    one['metrics'][key]['values']))
            for one in (baseline, cell))
        seeds = [seed for seed in before if seed in after]
        changes[key] = paired_statistics([before[seed] for seed in seeds],
                                         [after[seed] for seed in seeds])
    return changes


def _rows(changes: List[tuple]) -> List[List[str]]:
    corrected = holm([own[TESTED].p for _, own in changes])
    rows = []
    for (label, own), p in zip(changes, corrected):
        texts = [
            with_interval(own[key]._asdict(), NUMBERS[key].show_change,
                          'difference') if own[key].n else ABSENT
            for key in SHOWN
        ]
        rows.append([
            label, *texts,
            probability(p), f'{own[TESTED].positive} of {own[TESTED].n}'
        ])
    return rows
