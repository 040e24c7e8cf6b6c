# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of a collection as CSV, one a row."""
from typing import Any, Dict, List, Sequence

from mmcurv.files import write_csv, write_text
from .mean_text import state_text

CELL = ('method', 'cr', 'dataset', 'imbalance_factor', 'model', 'variant',
        'tau')
CELL_COLUMNS = (*CELL, 'evaluation', 'metric', 'mean', 'low', 'high',
                'half_width', 'n', 'planned', 'seeds', 'values', 'state')
PAIR = ('method', 'dataset', 'imbalance_factor', 'model', 'variant', 'tau')
PAIR_COLUMNS = (*PAIR, 'metric', 'difference', 'low', 'high', 'half_width',
                'n', 'p', 'p_holm', 'positive', 'negative', 'zero', 'seeds')
PAPER = ('table', 'dataset', 'imbalance_factor', 'model', 'method', 'cr',
         'metric', 'split', 'value', 'doubtful', 'mean', 'low', 'high', 'n',
         'verdict', 'reason')
PAPER_COLUMNS = ('kind', *PAPER)


def write_cells_csv(path: str, summary: Dict[str, Any]) -> None:
    """One row for each cell and number, of the main and the best evaluation.

    Args:
        path (str): Path of the file.
        summary (dict): Of a collection.
    """
    rows = []
    for cell in summary['cells']:
        planned = sum(cell['states'].values())
        for evaluation, key in (('main', 'metrics'), ('best', 'best_metrics')):
            for metric, entry in cell[key].items():
                state = 'done' if entry['n'] == planned else (
                    f'{entry["n"]} of {planned} seeds'
                    if entry['n'] else state_text(cell))
                rows.append(
                    dict({name: cell[name]
                          for name in CELL},
                         **_numbers(entry, ('mean', 'low', 'high', 'n')),
                         evaluation=evaluation,
                         metric=metric,
                         planned=planned,
                         seeds=_joined(entry['seeds']),
                         values=_joined(entry['values']),
                         state=state))
    _write(path, CELL_COLUMNS, rows)


def write_pairs_csv(path: str, summary: Dict[str, Any]) -> None:
    """One row for each pair and number.

    Args:
        path (str): Path of the file; the header alone without pairs.
        summary (dict): Of a collection.
    """
    rows = []
    for pair in summary['pairs']:
        for metric, entry in pair['metrics'].items():
            names = ('difference', 'low', 'high', 'n', 'p', 'p_holm',
                     'positive', 'negative', 'zero')
            rows.append(
                dict({name: pair[name]
                      for name in PAIR},
                     **_numbers(entry, names),
                     metric=metric,
                     seeds=_joined(entry['seeds'])))
    _write(path, PAIR_COLUMNS, rows)


def write_paper_csv(path: str, summary: Dict[str, Any]) -> None:
    """One row for each number of the paper (``kind`` is 'value'), and for
    each of its gains by CR ('gain', where ``cr`` is empty).

    Args:
        path (str): Path of the file.
        summary (dict): Of a collection.
    """
    rows = [
        dict({name: row.get(name)
              for name in PAPER}, kind=kind)
        for kind, key in (('value', 'paper'), ('gain', 'paper_gains'))
        for row in summary[key]
    ]
    _write(path, PAPER_COLUMNS, rows)


def _numbers(entry: Dict[str, Any], names: Sequence[str]) -> Dict[str, Any]:
    half_width = (entry['high'] - entry['low']) / 2
    return dict({name: entry[name] for name in names}, half_width=half_width)


def _joined(values: Sequence[Any]) -> str:
    return ' '.join(map(repr, values))


def _write(path: str, columns: Sequence[str], rows: List[Dict[str,
                                                              Any]]) -> None:
    if not rows:
        write_text(path, ','.join(columns) + '\n')
        return
    write_csv(path, [{name: row[name] for name in columns} for row in rows])
