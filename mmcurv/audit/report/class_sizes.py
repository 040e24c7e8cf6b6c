# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training images of each class, largest first: in the terminal, as a PNG."""
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from mmcurv.fairness import group_names
from mmcurv.numbers import clean, plural

# Group to its bounds (images of a class) and its colour in the terminal.
GROUPS = dict(
    head=('above 100', 'cyan'),
    middle=('20 to 100', 'blue'),
    tail=('below 20', 'red'))
ROWS = 40  # bars that fit a screen
NAME = 24  # characters of a name, and classes whose names fit under the axis


class SizeRow(NamedTuple):
    """Classes of one group that follow each other in size.

    Attributes:
        first (int): Rank of the largest, from 1.
        last (int): Rank of the smallest.
        largest (int): Images of the largest class.
        smallest (int): Images of the smallest class.
        mean (float): Images per class.
        group (str): 'head', 'middle' or 'tail'.
        name (str): Of the class, where each class has a row; else ''.
    """
    first: int
    last: int
    largest: int
    smallest: int
    mean: float
    group: str
    name: str = ''


def size_order(counts: Sequence[int]) -> np.ndarray:
    """Classes (C,) from the largest to the smallest, equal ones by index."""
    return np.argsort(-np.asarray(counts), kind='stable')


def size_rows(counts: Sequence[int],
              names: Sequence[str] = (),
              most: int = ROWS) -> List[SizeRow]:
    """Put the sorted classes into rows.

    Up to ``most`` classes have a row each. More share rows: each group has
    rows of about equally many classes, at least one if the group has any, so
    no row mixes two groups.

    Args:
        counts (Sequence[int]): (C,) training images, C at least 1.
        names (Sequence[str]): (C,) names, or none. Defaults to ().
        most (int): Rows, at least 3. Defaults to 40.

    Returns:
        list[SizeRow]: At most ``most``, in descending size.
    """
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
            rows.append(
                SizeRow(
                    int(part[0]) + 1,
                    int(part[-1]) + 1, int(sizes[part[0]]),
                    int(sizes[part[-1]]), float(sizes[part].mean()), group,
                    clean(names[order[part[0]]], NAME)
                    if single and len(names) else ''))
    return rows


def group_size(counts: Sequence[int], group: str) -> Tuple[int, int]:
    """Number of classes of a group, and of their images."""
    members = np.asarray(counts)[group_names(counts) == group]
    return members.size, int(members.sum())


def class_sizes_chart(counts: Sequence[int], names: Sequence[str] = ()):
    """Bars of the training images of each class, or of ranges of classes.

    Args:
        counts (Sequence[int]): (C,) training images.
        names (Sequence[str]): (C,) names, or none. Defaults to ().

    Returns:
        RenderableType: For a ``rich`` console.
    """
    from rich.bar import Bar
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text
    chart = Table.grid(padding=(0, 1))
    chart.add_column(no_wrap=True)
    chart.add_column(justify='right', no_wrap=True)
    chart.add_column(ratio=1)
    top = max(max(counts), 1)
    for row in size_rows(counts, names):
        chart.add_row(
            Text(row.name or _span(row.first, row.last)),
            Text(_span(row.largest, row.smallest)),
            Bar(top, 0, row.mean, color=GROUPS[row.group][1]))
    legend = Table.grid(padding=(0, 2, 0, 0))
    for justify in ('left', 'left', 'right', 'right'):
        legend.add_column(no_wrap=True, justify=justify)
    for group, (bounds, color) in GROUPS.items():
        classes, images = group_size(counts, group)
        legend.add_row(
            Text(f'█ {group.title()}', color), bounds,
            plural(classes, 'class', 'classes'), plural(images, 'image'))
    what = 'classes and their sizes' if len(counts) <= ROWS else (
        'classes by rank and their sizes, bars of the mean')
    return Group(chart, Text(), legend, Text(f'Rows: {what}.', 'dim'))


def _span(first: int, last: int) -> str:
    return f'{first:,}' if first == last else f'{first:,}-{last:,}'


def plot_class_sizes(counts: Sequence[int],
                     names: Sequence[str] = (),
                     title: str = ''):
    """Draw the training images of each class, largest first.

    Args:
        counts (Sequence[int]): (C,) training images.
        names (Sequence[str]): (C,) names, or none; shown up to 24 classes.
            Defaults to ().
        title (str): Above the drawing. Defaults to ''.

    Returns:
        tuple: Figure and its axes.
    """
    from .style import ACCENT, ALERT, INK, panel, set_heading, set_legend
    order = size_order(counts)
    sizes = np.asarray(counts)[order]  # (C,)
    figure, axes = panel(7.2, 3.4)
    edges = np.arange(len(sizes) + 1) + 0.5
    start = 0
    for group, color in zip(GROUPS, (INK, ACCENT, ALERT)):
        classes, images = group_size(counts, group)
        end = start + classes
        if classes:  # one outline: thousands of bars would be as many objects
            axes.stairs(
                sizes[start:end],
                edges[start:end + 1],
                fill=True,
                color=color,
                label=f'{group.title()}: '
                f'{plural(classes, "class", "classes")}, {images:,} images')
        start = end
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylabel('Training images')
    axes.grid(axis='x', visible=False)
    if len(names) and len(order) <= NAME:
        texts = [clean(names[label], 20) for label in order]
        axes.set_xticks(range(1, len(order) + 1))
        axes.set_xticklabels(texts, rotation=40, ha='right', parse_math=False)
    else:
        axes.set_xlabel('Class, by rank')
    note = (f'{sizes.sum():,} images in {len(sizes):,} classes of '
            f'{sizes[-1]:,} to {sizes[0]:,}')
    set_heading(axes, title or 'Class sizes', note)
    set_legend(axes, 'upper right')
    return figure, axes
