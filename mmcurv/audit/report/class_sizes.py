# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training images of each class, sorted and put into few rows."""
import math
from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mmcurv.fairness import group_names
from .numbers import clean
from .style import ACCENT, ALERT, INK, panel, set_heading, set_legend

GROUPS = ('head', 'middle', 'tail')


@dataclass(frozen=True)
class SizeRow:
    """Classes that follow each other in size.

    Attributes:
        first (int): Rank of the largest, from 1.
        last (int): Rank of the smallest.
        largest (int): Images of the largest class.
        smallest (int): Images of the smallest class.
        mean (float): Images per class.
        group (str): 'head', 'middle' or 'tail'.
        name (str): Of the class, where it is one; else ''.
    """
    first: int
    last: int
    largest: int
    smallest: int
    mean: float
    group: str
    name: str = ''


def size_order(counts: Sequence[int]) -> np.ndarray:
    """Classes from the largest to the smallest.

    Args:
        counts (Sequence[int]): (C,) training images.

    Returns:
        np.ndarray: (C,) classes; of one size the smaller index comes first.
    """
    return np.argsort(-np.asarray(counts), kind='stable')


def size_rows(counts: Sequence[int],
              names: Sequence[str] = (),
              most: int = 40) -> List[SizeRow]:
    """Put the sorted classes into rows.

    Up to ``most`` classes have a row each. More share rows: each group has
    rows of about equally many classes, at least one if the group has any, so
    no row mixes two groups.

    Args:
        counts (Sequence[int]): (C,) training images.
        names (Sequence[str]): (C,) names, or none. Defaults to ().
        most (int): Rows, at least 3. Defaults to 40.

    Returns:
        list[SizeRow]: At most ``most``, in descending size.

    Raises:
        ValueError: If there is no class, or ``most`` is below 3.
    """
    if len(counts) == 0 or most < 3:
        raise ValueError(f'expected classes and at least 3 rows, got '
                         f'{len(counts)} classes and {most} rows.')
    order = size_order(counts)
    sizes = np.asarray(counts)[order]
    groups = group_names(sizes)
    single = len(sizes) <= most
    rows = []
    for group in GROUPS:
        ranks = np.flatnonzero(groups == group)
        if not ranks.size:
            continue
        # Three rows are kept back, so that rounding up leaves no group out.
        parts = ranks.size if single else 1 + int(
            (most - len(GROUPS)) * ranks.size / len(sizes))
        for part in np.array_split(ranks, parts):
            name = str(names[order[part[0]]]) if single and len(names) else ''
            rows.append(
                SizeRow(
                    int(part[0]) + 1,
                    int(part[-1]) + 1,
                    int(sizes[part[0]]), int(sizes[part[-1]]),
                    float(sizes[part].mean()), group, name))
    return rows


@dataclass(frozen=True)
class GroupSize:
    """One of the three groups.

    Attributes:
        classes (int): Of the group.
        images (int): Of its classes.
    """
    classes: int
    images: int


def group_size(counts: Sequence[int], group: str) -> GroupSize:
    """Classes and images of a group.

    Args:
        counts (Sequence[int]): (C,) training images.
        group (str): 'head', 'middle' or 'tail'.

    Returns:
        GroupSize: Zeros for a group without a class.
    """
    members = np.asarray(counts)[group_names(counts) == group]
    return GroupSize(members.size, int(members.sum()))


TERMINAL_COLOURS = dict(head='cyan', middle='blue', tail='red')
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
            Bar(top, 0, scale(row.mean), color=TERMINAL_COLOURS[row.group]))
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
            Text(f'█ {group.title()}', TERMINAL_COLOURS[group]),
            Text(BOUNDS[group]), Text(f'{size.classes:,} classes'),
            Text(f'{size.images:,} images'))
    what = 'classes by rank and their sizes, bars of the mean' if binned else \
        'classes and their sizes'
    return Group(table, Text(f'Rows: {what}{", log scale" * log}.', 'dim'))


COLOURS = dict(head=INK, middle=ACCENT, tail=ALERT)
NAMED = 24  # classes, whose names fit under the axis
GAPS = 100  # classes, up to which a bar has a gap beside it


def plot_class_sizes(counts: Sequence[int],
                     names: Sequence[str] = (),
                     title: str = '',
                     log: bool = False) -> Tuple[Figure, Axes]:
    """Draw the training images of each class, largest first.

    Args:
        counts (Sequence[int]): (C,) training images.
        names (Sequence[str]): (C,) names, or none; shown up to 24 classes.
            Defaults to ().
        title (str): Above the drawing. Defaults to ''.
        log (bool): Whether the sizes' axis is logarithmic; empty classes are
            not seen on it. Defaults to False.

    Returns:
        tuple: Figure and its axes.
    """
    order = size_order(counts)
    sizes = np.asarray(counts)[order]  # (C,)
    figure, axes = panel(7.2, 3.4)
    edges = np.arange(len(sizes) + 1) + 0.5
    start = 0
    for group in GROUPS:
        size = group_size(counts, group)
        if not size.classes:
            continue
        ranks = slice(start, start + size.classes)
        label = (f'{group.title()}: {size.classes:,} '
                 f'{"class" if size.classes == 1 else "classes"}, '
                 f'{size.images:,} images')
        if len(sizes) <= GAPS:
            axes.bar(
                edges[ranks] + 0.5,
                sizes[ranks],
                width=0.8,
                color=COLOURS[group],
                label=label)
        else:  # one outline: thousands of bars would be as many objects
            axes.stairs(
                sizes[ranks],
                edges[start:start + size.classes + 1],
                fill=True,
                color=COLOURS[group],
                label=label)
        start += size.classes
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylabel('Training images')
    axes.grid(axis='x', visible=False)
    if log:
        axes.set_yscale('log', nonpositive='clip')
        axes.set_ylim(bottom=0.7)  # so that a class of one image is seen
    _name_classes(axes, order, names)
    note = (f'{sizes.sum():,} images in {len(sizes):,} classes of '
            f'{sizes[-1]:,} to {sizes[0]:,}')
    set_heading(axes, title or 'Class sizes', note)
    set_legend(axes, 'upper right')
    return figure, axes


def _name_classes(axes: Axes, order: np.ndarray, names: Sequence[str]) -> None:
    if len(names) and len(order) <= NAMED:
        texts = [str(names[label])[:20] for label in order]
        axes.set_xticks(range(1, len(order) + 1))
        axes.set_xticklabels(texts, rotation=40, ha='right', parse_math=False)
    else:
        axes.set_xlabel('Class, by rank')
