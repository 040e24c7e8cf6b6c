# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Table 6 and 7 as figures: the geometry without and with CR, seed by seed.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*. Their tables print one number a cell; here small
dots are runs and large ones means over the seeds.
"""
from typing import Any, Dict, List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcurv.audit.report.style import MUTED, color, outer_legend, set_heading
from mmcurv.benchmark.tables.row_labels import row_label
from .grouped_rows import GroupedRows, group_rows, row_panels

LABELS = ('without CR', 'with CR')
APART = 0.16  # of the two heights in one line
LOG_FROM = 20  # largest over smallest value


def plot_curvature_variance(record: Dict[str, Any]) -> Tuple[Figure, Any]:
    """Table 6: variance of the classes' curvature, and of its logarithm.

    Args:
        record (dict): Of ``figure_runs``.

    Returns:
        tuple: Figure and axes (1, 2).

    Raises:
        ValueError: If the curvature was measured in no run.
    """
    figure, axes = _plot(
        record, (('curvature_variance', 'Variance of curvature'),
                 ('log_curvature_variance', 'Variance of log curvature')))
    for axis in axes.flat:
        values = np.concatenate([line.get_xdata() for line in axis.lines])
        if values.min() > 0 and values.max() > LOG_FROM * values.min():
            axis.set_xscale('log')
        else:
            axis.set_xlim(left=0)
    return figure, axes


def plot_curvature_correlation(record: Dict[str, Any]) -> Tuple[Figure, Any]:
    """Table 7: correlation of the classes' curvature and accuracy.

    Args:
        record (dict): Of ``figure_runs``.

    Returns:
        tuple: Figure and axes (1, 2).

    Raises:
        ValueError: If the curvature was measured in no run.
    """
    figure, axes = _plot(record,
                         (('correlation', 'Correlation with accuracy'),
                          ('log_correlation', 'The same of log curvature')))
    for axis in axes.flat:
        axis.axvline(0, color=MUTED, linewidth=0.9)
        axis.set_xlim(-1.04, 1.04)
        axis.set_xlabel('Pearson’s r')
    return figure, axes


def measured_runs(record: Dict[str, Any]) -> List[dict]:
    """Runs whose curvature was measured."""
    return [
        run for run in record['runs'] if np.isfinite(run['curvature_variance'])
    ]


def _plot(record: Dict[str, Any], shown: tuple) -> Tuple[Figure, Any]:
    runs = measured_runs(record)
    if not runs:
        raise ValueError(
            'expected runs whose curvature was measured, got none among '
            f'{len(record["runs"])}. Train them with the hook '
            'mmcurv.GeometryMonitorHook.')
    name = row_label(runs)
    rows = group_rows([(run['dataset'], name(run)) for run in runs])
    figure, axes = row_panels(rows, len(shown), 4)
    for axis, (key, heading) in zip(axes.flat, shown):
        for cr, label in enumerate(LABELS):
            _draw(
                axis, rows, label, color(cr), (2 * cr - 1) * APART, {
                    row: [
                        run[key] for run in runs
                        if (run['dataset'],
                            name(run)) == row and bool(run['cr']) == bool(cr)
                    ]
                    for row in rows.places
                })
        set_heading(axis, heading)
    outer_legend(figure, *axes[0, 0].get_legend_handles_labels(),
                 'outside lower right', 2)
    return figure, axes


def _draw(axis: Axes, rows: GroupedRows, label: str, shade: str, below: float,
          values: Dict[tuple, List[float]]) -> None:
    """Dots of all runs of one kind, and their means."""
    dots, means = [], []
    for row, own in values.items():
        y = rows.places[row] + below
        own = [value for value in own if np.isfinite(value)]
        dots += [(value, y) for value in own]
        means += [(np.mean(own), y)] if own else []
    if not means:
        return
    axis.plot(*zip(*dots), 'o', color=shade, markersize=2.5, alpha=0.6)
    axis.plot(*zip(*means), 'o', color=shade, markersize=5, label=label)
