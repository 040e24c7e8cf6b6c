# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The long tail as bars in the terminal."""
import math
from typing import Sequence

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .class_sizes import GROUPS, SizeRow, group_size, size_rows
from .words import clean

COLOURS = dict(head='cyan', middle='blue', tail='red')
BOUNDS = dict(head='above 100', middle='20 to 100', tail='below 20')
NAME = 24  # characters


def class_sizes_chart(counts: Sequence[int],
                      names: Sequence[str] = (),
                      log: bool = False,
                      most: int = 40) -> RenderableType:
    """Bars of the training images of each class, or of ranges of classes.

    Args:
        counts (Sequence[int]): (C,) training images.
        names (Sequence[str]): (C,) names, or none. Defaults to ().
        log (bool): Whether a bar's length is log(1 + images). Defaults to
            False.
        most (int): Bars. Defaults to 40.

    Returns:
        RenderableType: For a ``rich`` console.
    """
    rows = size_rows(counts, names, most)
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify='right', no_wrap=True)
    table.add_column(ratio=1)
    scale = math.log1p if log else float
    top = scale(max(max(counts), 1))
    for row in rows:
        table.add_row(
            Text(_title(row,
                        len(counts) > most)), Text(_sizes(row)),
            Bar(top, 0, scale(row.mean), color=COLOURS[row.group]))
    return Group(table, Text(), _legend(counts, log, len(counts) > most))


def _title(row: SizeRow, binned: bool) -> str:
    if not binned:
        return clean(row.name, NAME) if row.name else f'{row.first}'
    if row.first == row.last:
        return f'{row.first:,}'
    return f'{row.first:,}-{row.last:,}'


def _sizes(row: SizeRow) -> str:
    if row.largest == row.smallest:
        return f'{row.largest:,}'
    return f'{row.largest:,}-{row.smallest:,}'


def _legend(counts: Sequence[int], log: bool, binned: bool) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    for _ in range(2):
        table.add_column(justify='right', no_wrap=True)
    for group in GROUPS:
        size = group_size(counts, group)
        table.add_row(
            Text(f'█ {group.title()}', COLOURS[group]), Text(BOUNDS[group]),
            Text(f'{size.classes:,} classes'), Text(f'{size.images:,} images'))
    what = 'classes by rank and their sizes, bars of the mean' if binned else \
        'classes and their sizes'
    return Group(table, Text(f'Rows: {what}{", log scale" * log}.', 'dim'))
