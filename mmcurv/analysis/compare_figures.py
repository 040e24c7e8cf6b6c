# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of a comparison; each takes the record, returns (figure, axes)."""
from typing import List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .class_dots import NAMED, draw_dots, name_dots
from .figure_style import panel, set_heading, set_legend
from .measures import MEASURES, column
from .palette import ACCENT, ALERT, MUTED
from .sorted_curve import draw_sorted
from .words import interval, is_known, p_value, signed

MOVED = ('log_curvature', 'separation', 'volume')
COLORS = {'gained': ACCENT, 'paid': ALERT, 'unclear': MUTED, None: MUTED}


def plot_sorted_change(comparison: dict) -> Tuple[Figure, Axes]:
    """Change of every class accuracy with its interval, lowest first.

    Args:
        comparison (dict): Record of :func:`mmcurv.audit.compare.compare`.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    change = column(comparison, 'change')
    draw_sorted(axes, change, column(comparison, 'low'),
                column(comparison, 'high'), np.argsort(change, kind='stable'),
                '95 % interval of each class')
    axes.axhline(0, color=MUTED, linewidth=0.9)
    set_heading(axes, 'Change of class accuracy, largest loss to largest gain')
    axes.set_xlabel('Classes in order of change')
    axes.set_ylabel('B − A')
    set_legend(axes, 'upper left')
    return figure, axes


def plot_before_after(comparison: dict) -> Tuple[Figure, Axes]:
    """Accuracy of every class in B against that in A.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, dashes=(4, 3))
    x, y = (column(comparison, f'accuracy_{side}') for side in 'ab')
    _dots(axes, comparison, x, y)
    set_heading(axes, 'Accuracy in A and B')
    axes.set_xlabel('Accuracy in A')
    axes.set_ylabel('Accuracy in B')
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure, axes


def plot_moved(comparison: dict, measure: str) -> Tuple[Figure, Axes]:
    """Change of a measure of every class against its change of accuracy.

    Args:
        comparison (dict): Record of a comparison.
        measure (str): One of ``MOVED``.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    x, y = (column(comparison, key) for key in (f'{measure}_change', 'change'))
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    _dots(axes, comparison, x, y)
    found = comparison['geometry'][measure]
    note = ''
    if is_known(found['pearson']):
        ends = interval(found['pearson_low'], found['pearson_high'], signed)
        note = (f'Pearson {signed(found["pearson"])} ({ends}), '
                f'{p_value(found["pearson_p"])}')
    label = MEASURES[measure].label
    set_heading(axes, f'{label} and accuracy', note)
    axes.set_xlabel(f'Change of {label.lower()}')
    axes.set_ylabel('Change of accuracy')
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure, axes


def moved_measures(comparison: dict) -> List[str]:
    """Measures whose change is known for some class of known change."""
    change = column(comparison, 'change')
    return [
        measure for measure in MOVED
        if np.isfinite(column(comparison, f'{measure}_change') + change).any()
    ]


def _dots(axes: Axes, comparison: dict, x: np.ndarray, y: np.ndarray) -> None:
    rows = comparison['classes']
    draw_dots(axes, x, y, [COLORS[row['outcome']] for row in rows])
    size = [abs(row['change'] or 0) for row in rows]
    for outcome in ('gained', 'paid'):
        places = [c for c, row in enumerate(rows) if row['outcome'] == outcome]
        places.sort(key=lambda c: -size[c])
        name_dots(axes, rows, places[:NAMED // 2], x, y, COLORS[outcome])
