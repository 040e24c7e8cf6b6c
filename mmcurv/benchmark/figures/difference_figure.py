# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Paired differences with their intervals, one line each."""
from typing import Any, Dict, List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmcurv.audit.report.numbers import is_known
from mmcurv.audit.report.style import (ACCENT, ALERT, MUTED, outer_legend,
                                       set_heading)
from mmcurv.benchmark.pages.outcome import BETTER, WORSE, outcome, reach
from mmcurv.benchmark.pages.page_numbers import PAGE_NUMBERS
from mmcurv.benchmark.tables.row_labels import row_label
from .figure_runs import data_label
from .grouped_rows import GroupedRows, group_rows, row_panels

# Key, heading, unit.
SHOWN = (
    ('overall', 'Overall accuracy', 'points'),
    ('tail', 'Tail accuracy', 'points'),
    ('variance', 'Variance of class accuracy', 'of fractions'),
)
BETTER_SIGN = {number.key: number.better for number in PAGE_NUMBERS}
COLORS = {BETTER: ACCENT, WORSE: ALERT}


def plot_differences(summary: Dict[str, Any]) -> Tuple[Figure, np.ndarray]:
    """With CR minus without: overall and tail accuracy, and the variance.

    Filled and coloured: clear after Holm's correction. Open and grey: not
    clear. What lies outside the panel is an arrow at its edge. A number that
    no pair has gets no panel.

    Args:
        summary (dict): Of a collection, with ``pairs``.

    Returns:
        tuple: Figure and axes (1, at most 3).

    Raises:
        ValueError: If no difference is known.
    """
    pairs = known_pairs(summary)
    if not pairs:
        raise ValueError('expected a method whose run without CR and whose '
                         'run with CR are done with one seed, found none '
                         f'among {len(summary["pairs"])} pairs.')
    name = row_label(pairs)
    keys = [(data_label(pair['dataset'], pair['imbalance_factor']), name(pair))
            for pair in pairs]
    rows = group_rows(keys)
    shown = [number for number in SHOWN if _entries(pairs, number[0])]
    figure, axes = row_panels(rows, len(shown), 3.2)
    for axis, (metric, heading, unit) in zip(axes.flat, shown):
        entries = [pair['metrics'].get(metric, {}) for pair in pairs]
        _draw(axis, rows, keys, entries, BETTER_SIGN[metric])
        set_heading(axis, heading)
        axis.set_xlabel(f'with CR minus without ({unit})')
    outer_legend(figure, *_legend(), 'outside lower right', 3)
    return figure, axes


def known_pairs(summary: Dict[str, Any]) -> List[dict]:
    """Pairs of which one of the drawn differences is known."""
    return [
        pair for pair in summary['pairs'] if any(
            _entries([pair], metric) for metric, _, _ in SHOWN)
    ]


def _entries(pairs: List[dict], metric: str) -> List[dict]:
    """Known differences of one number."""
    entries = [pair['metrics'].get(metric, {}) for pair in pairs]
    return [e for e in entries if is_known(e.get('difference'))]


def _draw(axis: Axes, rows: GroupedRows, keys: List[tuple],
          entries: List[dict], better: int) -> None:
    edge = reach(entries)
    axis.axvline(0, color=MUTED, linewidth=0.9)
    axis.set_xlim(-edge, edge)
    for key, entry in zip(keys, entries):
        if not is_known(entry.get('difference')):
            continue
        y, color = rows.places[key], COLORS.get(outcome(entry, better), MUTED)
        ends = [entry[name] for name in ('low', 'difference', 'high')
                if is_known(entry.get(name))]  # yapf: disable
        if len(ends) > 1:
            axis.plot(
                np.clip([ends[0], ends[-1]], -edge, edge), [y, y],
                color=color,
                linewidth=1.6)
        for side, marker, end in ((-1, '<', ends[0]), (1, '>', ends[-1])):
            if side * end > edge:
                axis.plot([side * edge], [y],
                          marker,
                          color=color,
                          markersize=4,
                          clip_on=False)
        if abs(entry['difference']) <= edge:
            axis.plot([entry['difference']], [y],
                      'o',
                      color=color,
                      markersize=5,
                      fillstyle='none' if color == MUTED else 'full')


def _legend() -> tuple:
    handles = [
        Line2D([], [],
               color=color,
               marker='o',
               markersize=5,
               linewidth=1.6,
               fillstyle='none' if color == MUTED else 'full')
        for color in (ACCENT, ALERT, MUTED)
    ]
    return handles, [BETTER, WORSE, 'not clear']
