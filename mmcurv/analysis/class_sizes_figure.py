# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The long tail as a figure: sorted classes, their sizes, three groups."""
from typing import Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .class_sizes import GROUPS, group_size, size_order
from .figure_style import panel, set_heading, set_legend
from .palette import ACCENT, ALERT, INK

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
