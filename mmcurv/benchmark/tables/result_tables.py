# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of the means over seeds."""
from typing import Any, Dict, List, Sequence

from mmcurv.audit.report.numbers import clean
from mmcurv.benchmark.figures.figure_runs import data_label
from mmcurv.benchmark.pages.page_numbers import PAGE_NUMBERS
from .main_words import best_words, main_words
from .mean_text import mean_text
from .row_labels import row_label
from .text_table import TextTable

NUMBERS = {number.key: number for number in PAGE_NUMBERS}
SHOWN = ('overall', 'head', 'middle', 'tail', 'worst_class', 'variance',
         'correlation')
BEST_SHOWN = SHOWN[:-1]  # curvature was measured after the last epoch
UNITS = ('Means over seeds ± half of the 95 % interval. Accuracies are in per '
         'cent, variances of fractions.')
ABSENT_GROUPS = 'A dash: no class is in the group, or it was not measured.'

Cells = Sequence[Dict[str, Any]]


def overview_table(collection: Dict[str, Any],
                   summary: Dict[str, Any]) -> TextTable:
    """Overall accuracy, as in the paper's tables: methods by data sets.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.

    Returns:
        TextTable: A cell that the matrix does not have is empty.
    """
    cells = summary['cells']
    data = list(dict.fromkeys(map(_data, cells)))
    name = method_label(cells)
    rows: Dict[str, Dict[tuple, str]] = {}
    for cell in cells:
        text = mean_text(cell, cell['metrics']['overall'],
                         NUMBERS['overall'].show)
        rows.setdefault(name(cell), {})[_data(cell)] = text
    return TextTable(
        ' '.join(filter(
            None,
            ['Overall accuracy', main_words(collection)])),
        ['Method', *(clean(data_label(*each)) for each in data)],
        [[label, *(row.get(each, '') for each in data)]
         for label, row in rows.items()], 'l' + 'r' * len(data), UNITS)


def detail_tables(collection: Dict[str, Any],
                  summary: Dict[str, Any],
                  best: bool = False) -> List[TextTable]:
    """The main numbers of every method, a table for each data set.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.
        best (bool): Take the best epoch instead of the main one. Defaults to
            False.

    Returns:
        list[TextTable]: In the order of the matrix.
    """
    metrics, shown = (('best_metrics', BEST_SHOWN) if best else
                      ('metrics', SHOWN))
    words = (best_words if best else main_words)(collection)
    name = method_label(summary['cells'])
    tables = []
    for data in dict.fromkeys(map(_data, summary['cells'])):
        cells = [cell for cell in summary['cells'] if _data(cell) == data]
        rows = [[
            name(cell),
            *(mean_text(cell, cell[metrics][key], NUMBERS[key].show)
              for key in shown)
        ] for cell in cells]
        title = ', '.join(filter(None, [clean(data_label(*data)), words]))
        tables.append(
            TextTable(title,
                      ['Method', *(NUMBERS[key].label for key in shown)], rows,
                      'l' + 'r' * len(shown), f'{UNITS} {ABSENT_GROUPS}'))
    return tables


def method_label(cells: Cells):
    """A way to name cells and pairs: 'CE', 'CE + CR', 'CE + CR: tau=10'.

    Args:
        cells (Sequence[dict]): Of a summary.

    Returns:
        Callable: Cell to text; a pair, which has no ``cr``, is named by what
        was compared.
    """
    name = row_label(cells)

    def label(cell: Dict[str, Any]) -> str:
        method = cell['method'] + (' + CR' if cell.get('cr') else '')
        return clean(name(dict(cell, method=method)))

    return label


def _data(cell: Dict[str, Any]) -> tuple:
    return cell['dataset'], cell['imbalance_factor']
