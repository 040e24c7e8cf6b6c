# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The main tables of a collection for the terminal."""
from typing import Any, Dict

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mmcurv.audit.report.numbers import clean
from .pair_tables import pair_tables
from .paper_tables import paper_tables
from .result_tables import overview_table
from .text_table import TextTable


def terminal_tables(collection: Dict[str, Any],
                    summary: Dict[str, Any]) -> RenderableType:
    """Overall accuracy, what CR did to it, verdicts and warnings.

    Pairs that no seed has yet are left out.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.

    Returns:
        RenderableType: For a ``rich`` console.
    """
    states = [run['state'] for run in collection['runs']]
    counts = ', '.join(f'{states.count(state):,} {state}'
                       for state in dict.fromkeys(states))
    parts = [
        Text(clean(collection['matrix']['title']), style='bold'),
        Text(f'Runs: {counts}'),
        _table(overview_table(collection, summary))
    ]
    for table in pair_tables(summary):
        known = [
            row for row in table.rows if row[1] == 'Overall' and row[3] != '0'
        ]
        if known:
            parts.append(_table(table._replace(rows=known)))
    parts += [Text(clean(table.title)) for table in paper_tables(summary)]
    for warning in summary['warnings']:
        parts.append(
            Text('Warning: ',
                 style='yellow').append(clean(warning, 600), style='default'))
    return Group(*parts)


def _table(table: TextTable) -> Table:
    drawn = Table(
        title=Text(table.title),
        title_justify='left',
        box=box.SIMPLE,
        pad_edge=False)
    for heading, letter in zip(table.columns, table.align):
        drawn.add_column(
            Text(heading),
            justify='right' if letter == 'r' else 'left',
            overflow='fold')
    for row in table.rows:
        drawn.add_row(*map(Text, row))
    return drawn
