# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Rows and columns of axes in the quiet style of all figures."""
import math
from typing import List, Tuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmcurv.analysis.figure_style import quiet
from mmcurv.analysis.palette import MUTED

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


def wrapped_panels(number: int,
                   widest: int,
                   width: float = 3.6,
                   height: float = 2.8) -> Tuple[Figure, np.ndarray]:
    """An empty figure whose axes go on in the next row.

    Args:
        number (int): Of axes.
        widest (int): Axes in a row, at most.
        width (float): Of one panel, in inches. Defaults to 3.6.
        height (float): Of one panel, in inches. Defaults to 2.8.

    Returns:
        tuple: Figure, and axes of shape (rows, columns); what the last row
        has beyond ``number`` is not shown.
    """
    rows = math.ceil(number / widest)
    columns = math.ceil(number / rows)  # 4 are 2 by 2, not 3 and 1
    figure, axes = panels(rows, columns, width, height)
    for axis in axes.flat[number:]:
        axis.set_visible(False)
    return figure, axes


def color(number: int) -> str:
    """Colour of the n-th series, starting again after the tenth."""
    return SERIES[number % len(SERIES)]


def outer_legend(figure: Figure,
                 handles: List[Artist],
                 labels: List[str],
                 place: str,
                 columns: int = 1) -> None:
    """One legend for all panels, in a margin of the figure.

    Args:
        figure (Figure): Of :func:`panels`.
        handles (list[Artist]): What is named.
        labels (list[str]): The names.
        place (str): As ``loc`` of Matplotlib, such as 'outside right upper'.
        columns (int): Of the legend. Defaults to 1.
    """
    figure.legend(
        handles,
        labels,
        loc=place,
        ncols=columns,
        frameon=False,
        labelcolor=MUTED,
        fontsize=8)


def literal(text: str) -> str:
    """A label as it stands, without mathematics between dollars."""
    return text.replace('$', r'\$')


def epoch_axis(axis: Axes) -> None:
    """Whole epochs from left to right."""
    axis.set_xlabel('epoch')
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
