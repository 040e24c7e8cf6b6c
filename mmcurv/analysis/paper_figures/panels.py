# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Rows and columns of axes in the quiet style of all figures."""
from typing import Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmcurv.analysis.palette import INK, MUTED, RULE

SERIES = ('#2f6c9e', '#b4462a', '#3b8457', '#8a5aa8', '#b08a1e', '#4a9fb0',
          '#c05c8e', '#6b6f78', '#7fa33a', '#22405c')


def panels(rows: int,
           columns: int,
           width: float = 3.6,
           height: float = 2.8) -> Tuple[Figure, np.ndarray]:
    """An empty figure.

    Args:
        rows (int): Rows of axes.
        columns (int): Columns of axes.
        width (float): Of one panel, in inches. Defaults to 3.6.
        height (float): Of one panel, in inches. Defaults to 2.8.

    Returns:
        tuple: Figure, and axes of shape (rows, columns).
    """
    figure = Figure(
        figsize=(width * columns, height * rows), dpi=72, layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        quiet(axis)
    return figure, axes


def quiet(axis: Axes) -> None:
    """Take away what distracts."""
    for side in ('top', 'right'):
        axis.spines[side].set_visible(False)
    for side in ('left', 'bottom'):
        axis.spines[side].set_color(RULE)
    axis.grid(color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(which='both', colors=MUTED, length=0, labelsize=8)
    for side in (axis.xaxis, axis.yaxis):
        side.label.set(color=MUTED, fontsize=8.5)


def title(axis: Axes, text: str) -> None:
    """Heading at the left, without mathematics between dollars."""
    axis.set_title(text, loc='left', color=INK, fontsize=9, parse_math=False)


def legend(axis: Axes, **options) -> None:
    """Legend without a frame, if anything has a label."""
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False, labelcolor=MUTED, fontsize=7.5, **options)


def color(number: int) -> str:
    """Colour of the n-th series, starting again after the tenth."""
    return SERIES[number % len(SERIES)]


def epoch_axis(axis: Axes) -> None:
    """Whole epochs from left to right."""
    axis.set_xlabel('epoch')
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
