# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of an audit; each takes the record and returns (figure, axes)."""
import os.path as osp
from typing import Dict, List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .figure_style import panel, save_figure, set_heading, set_legend
from .measure_figure import drawn_measures, plot_measure
from .measures import column
from .palette import ACCENT, MUTED
from .sorted_curve import draw_sorted
from .study_figures import study_figures
from .words import count, is_known, percent


def plot_sorted_accuracy(audit: dict) -> Tuple[Figure, Axes]:
    """Accuracy of every class, best first, with its Wilson interval.

    Args:
        audit (dict): Audit record.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    accuracy = column(audit, 'accuracy')
    draw_sorted(axes, accuracy, column(audit, 'wilson_low'),
                column(audit, 'wilson_high'),
                np.argsort(-accuracy, kind='stable'),
                '95 % Wilson interval of each class')
    mean = audit['summary']['class_mean']['value']
    if is_known(mean):
        axes.axhline(
            mean,
            color=MUTED,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
            label=f'class mean {100 * mean:.1f} %')
    axes.set_ylim(0, 1)
    set_heading(axes, 'Accuracy of the classes, best to worst')
    axes.set_xlabel('Classes in order of accuracy')
    axes.set_ylabel('Accuracy')
    set_legend(axes, 'upper right')
    return figure, axes


def plot_calibration(audit: dict, group: str) -> Tuple[Figure, Axes]:
    """Accuracy of the predictions against the confidence they came with.

    Args:
        audit (dict): Audit record with ``calibration``.
        group (str): A group that it holds.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.2, 3.2)
    found = audit['calibration'][group]
    bins = [b for b in found['bins'] if b['count']]
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, dashes=(4, 3))
    axes.plot([b['confidence'] for b in bins], [b['accuracy'] for b in bins],
              color=ACCENT,
              marker='o',
              markersize=4,
              linewidth=1.5)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ece = found.get('ece')
    error = f', ECE {percent(ece)}' if is_known(ece) else ''
    set_heading(axes, f'{group.title()}{error}')
    axes.set_xlabel(f'Confidence ({count(found.get("entered"))} images)')
    axes.set_ylabel('Accuracy')
    return figure, axes


def all_figures(audit: dict) -> Dict[str, Tuple[Figure, Axes]]:
    """Every figure that the record has the numbers for.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: File name without ending to (figure, axes).
    """
    figures = {
        f'accuracy_by_{measure}': plot_measure(audit, measure)
        for measure in drawn_measures(audit)
    }
    figures['sorted_accuracy'] = plot_sorted_accuracy(audit)
    for group, found in (audit.get('calibration') or {}).items():
        if found:
            figures[f'calibration_{group}'] = plot_calibration(audit, group)
    figures.update(study_figures(audit))
    return figures


def write_figures(audit: dict, out_dir: str) -> List[str]:
    """Draw every figure as PNG and SVG.

    Args:
        audit (dict): Audit record.
        out_dir (str): The audit's folder; the files go to its ``figures``.

    Returns:
        list[str]: Paths of the files.
    """
    folder = osp.join(out_dir, 'figures')
    return [
        path for name, (figure, _) in all_figures(audit).items()
        for path in save_figure(figure, folder, name)
    ]
