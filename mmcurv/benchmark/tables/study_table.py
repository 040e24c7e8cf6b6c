# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One line for each setting of a study: what it changes against plain runs."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import ABSENT, clean, probability
from mmcurv.benchmark.collecting.alike import cell_key, plain_key
from .mean_text import mean_text, state_text, with_interval
from .result_tables import NUMBERS
from .text_table import TextTable

SHOWN = ('overall', 'head', 'middle', 'tail', 'variance',
         'log_curvature_variance', 'correlation')
TESTED = 'overall'
NOTE = (
    'The first line has means over seeds ± half of the 95 % interval, the '
    'others differences from it, paired by seed, with theirs. Accuracies are '
    'in per cent or points, variance is that of class accuracies as '
    'fractions. Last, p of the paired t-test of overall accuracy, corrected '
    'after Holm for all settings of the table, and how many seeds went up.')


def study_table(collection: Dict[str, Any], summary: Dict[str,
                                                          Any]) -> TextTable:
    """Settings of CR beside the plain runs that they are compared with.

    Args:
        collection (dict): Of one method, model and data set.
        summary (dict): Of the same collection.

    Returns:
        TextTable: Plain runs first, then the settings in their order.
    """
    pairs = {cell_key(dict(pair, cr=True)): pair for pair in summary['pairs']}
    plain, rows = [], []
    for cell in summary['cells']:
        key = cell_key(cell)
        if key == plain_key(key):
            plain.append([
                clean(f'{cell["method"]} without CR'),
                *(mean_text(cell, cell['metrics'][name], NUMBERS[name].show)
                  for name in SHOWN), '', ''
            ])
        elif key in pairs:
            rows.append([_setting(cell), *_changes(cell, pairs[key])])
    columns = [NUMBERS[name].label for name in SHOWN]
    return TextTable(collection['matrix']['title'],
                     ['Setting', *columns, 'p, Holm', 'Up'], plain + rows,
                     'l' + 'r' * (len(SHOWN) + 2), NOTE)


def _setting(cell: Dict[str, Any]) -> str:
    return clean(f'CR, {cell["variant"]}' if cell['variant'] else 'CR')


def _changes(cell: Dict[str, Any], pair: Dict[str, Any]) -> List[str]:
    tested = pair['metrics'][TESTED]
    if not tested['n']:
        return [state_text(cell), *[''] * (len(SHOWN) + 1)]
    texts = []
    for name in SHOWN:
        entry = pair['metrics'][name]
        texts.append(
            with_interval(entry, NUMBERS[name].show_change, 'difference'
                          ) if entry['n'] else ABSENT)
    return [
        *texts,
        probability(tested['p_holm']), f'{tested["positive"]} of {tested["n"]}'
    ]
