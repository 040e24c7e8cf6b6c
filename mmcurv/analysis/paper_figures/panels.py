# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Rows and columns of axes in the quiet style of all figures."""
from typing import Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmcurv.analysis.figure_style import quiet

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


def color(number: int) -> str:
    """Colour of the n-th series, starting again after the tenth."""
    return SERIES[number % len(SERIES)]


def literal(text: str) -> str:
    """A label as it stands, without mathematics between dollars."""
    return text.replace('$', r'\$')


def epoch_axis(axis: Axes) -> None:
    """Whole epochs from left to right."""
    axis.set_xlabel('epoch')
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
