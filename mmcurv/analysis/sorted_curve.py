# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One number of every class as a curve in the order of the classes."""
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from .class_dots import RASTER_ABOVE
from .palette import ACCENT


def draw_sorted(axes: Axes, values: np.ndarray, low: np.ndarray,
                high: np.ndarray, order: np.ndarray, label: str) -> None:
    """Draw fractions class by class with their intervals.

    Args:
        axes (Axes): To draw on.
        values (np.ndarray): Shape (C,); unknown classes are left out.
        low (np.ndarray): Lower ends, shape (C,), nan where unknown.
        high (np.ndarray): Upper ends, the same.
        order (np.ndarray): Classes from left to right, shape (C,).
        label (str): What the intervals are.
    """
    order = order[np.isfinite(values[order])]
    place = np.arange(1, len(order) + 1)
    if np.isfinite(low[order]).any():
        axes.fill_between(
            place,
            low[order],
            high[order],
            step='mid',
            color=ACCENT,
            alpha=0.22,
            linewidth=0,
            rasterized=len(order) > RASTER_ABOVE,
            label=label)
    axes.step(place, values[order], where='mid', color=ACCENT, linewidth=1.5)
    axes.set_xlim(0.5, max(len(order), 1) + 0.5)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
