# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of the paper's numbers and gains beside ours."""
from typing import Any, Dict, List, Sequence

from mmcurv.audit.report.numbers import clean, fixed, number, signed
from mmcurv.benchmark.figures.figure_runs import data_label
from mmcurv.benchmark.paper.verdict import RULE, VERDICTS
from .mean_text import with_interval
from .text_table import TextTable

DOUBTFUL = '†'
COLUMNS = ('Method', 'Data', 'Model', 'Number', 'Paper', 'Ours', 'Seeds',
           'Verdict', 'Reason')
ALIGN = 'llllrrrlw'
NOTE = (f'{RULE} {DOUBTFUL} marks numbers of the paper that are doubtful, '
        'with the reason in the last column. Rows of the paper differ in '
        'their recipes: what compares is a method with CR and without.')
SHOW = dict(
    top1=(fixed(1), fixed(2)),
    curvature_variance=(number, number),
    pcc_curvature_accuracy=(signed, signed))
SHOW_GAIN = dict(
    top1=(lambda value: signed(value, 1), signed),
    curvature_variance=(signed, signed),
    pcc_curvature_accuracy=(signed, signed))


def paper_tables(summary: Dict[str, Any]) -> List[TextTable]:
    """The paper's numbers, and its gains by CR, each with a verdict.

    Args:
        summary (dict): Of a collection.

    Returns:
        list[TextTable]: None if the matrix names no table of the paper.
    """
    if not summary['paper']:
        return []
    tables = dict.fromkeys(row['table'] for row in summary['paper'])
    title = ', '.join(tables)
    return [
        TextTable(f'{title} of the paper: {verdict_words(summary["paper"])}',
                  COLUMNS, [_row(row, SHOW) for row in summary['paper']],
                  ALIGN, NOTE),
        TextTable(
            f'Gains by CR in {title}: '
            f'{verdict_words(summary["paper_gains"])}', COLUMNS,
            [_row(row, SHOW_GAIN) for row in summary['paper_gains']], ALIGN,
            NOTE)
    ]


def verdict_words(rows: Sequence[Dict[str, Any]]) -> str:
    """How many rows have each verdict, '3 reproduced, 53 not run'."""
    found = [row['verdict'] for row in rows]
    parts = [(found.count(name), name) for name in VERDICTS]
    return ', '.join(f'{n} {name}' for n, name in parts if n) or 'none'


def _row(row: Dict[str, Any], show: Dict[str, tuple]) -> List[str]:
    printed, measured = show[row['metric']]
    reasons = [
        row['reason'], row['doubtful'] and f'{DOUBTFUL} {row["doubtful"]}'
    ]
    what = row['split'] if row['metric'] == 'top1' else row['metric']
    return [
        row['method'] + (' + CR' if row.get('cr') else ''),
        data_label(row['dataset'], row['imbalance_factor']), row['model'],
        what.replace('_', ' '),
        printed(row['value']) + (f' {DOUBTFUL}' if row['doubtful'] else ''),
        with_interval(row, measured),
        str(row['n']), row['verdict'],
        clean('; '.join(filter(None, reasons)), 400)
    ]
