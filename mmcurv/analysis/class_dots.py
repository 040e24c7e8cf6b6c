# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Classes as dots of a figure, a few of them with their names."""
from typing import Sequence

import numpy as np
from matplotlib.axes import Axes

from .words import clean

NAMED = 6  # names that fit into a small panel
TOO_NEAR = (0.35, 0.055)  # width and height of a name, fractions of a panel
RASTER_ABOVE = 1500  # dots that would make a drawing slow to show


def draw_dots(axes: Axes, x: np.ndarray, y: np.ndarray, color) -> None:
    """One dot for each class; nan is left out.

    Args:
        axes (Axes): Where to draw.
        x (np.ndarray): (C,).
        y (np.ndarray): (C,).
        color (str | list[str]): Of all, or of each.
    """
    many = len(x) > RASTER_ABOVE
    axes.scatter(
        x,
        y,
        s=3 if many else 14,
        c=[color] * len(x) if isinstance(color, str) else color,
        alpha=0.4 if many else 0.75,
        linewidth=0,
        rasterized=many)


def name_dots(axes: Axes, rows: Sequence[dict], places: Sequence[int],
              x: np.ndarray, y: np.ndarray, color: str) -> None:
    """Names beside dots, on the side where there is room.

    Args:
        axes (Axes): With its dots.
        rows (Sequence[dict]): Classes of the record.
        places (Sequence[int]): Which of them, the most important first; up
            to ``NAMED``, without those whose name would lie on another.
        x (np.ndarray): (C,).
        y (np.ndarray): (C,).
        color (str): Of the names.
    """
    to_panel = axes.transData + axes.transAxes.inverted()
    taken = []
    for c in places:
        if len(taken) == NAMED:
            break
        if not np.isfinite(x[c] + y[c]):
            continue
        at = to_panel.transform((x[c], y[c]))  # (2,) fractions of the panel
        if any((np.abs(at - other) < TOO_NEAR).all() for other in taken):
            continue
        taken.append(at)
        left = at[0] > 0.5
        axes.annotate(
            clean(rows[c]['name'], 18), (x[c], y[c]),
            xytext=(-5 if left else 5, 0),
            textcoords='offset points',
            ha='right' if left else 'left',
            va='center',
            fontsize=7.5,
            color=color,
            parse_math=False)
