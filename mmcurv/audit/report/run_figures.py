# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of runs; each takes records and returns (figure, axes)."""
from typing import Dict

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .run_record import RunRecord

COLORS = ('#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377')


def plot_training_curves(runs: Dict[str, RunRecord]):
    """Curvature and accuracy, and their spread over classes, by epoch.

    Args:
        runs (dict): Name to run.

    Returns:
        tuple: Figure and its four axes (2, 2).
    """
    figure = Figure(figsize=(9, 6), layout='constrained')
    axes = figure.subplots(2, 2, sharex=True)
    panels = (('Class-mean accuracy (%)', _mean_accuracy),
              ('Variance of class accuracy', _variance_of_accuracy),
              ('Mean of log curvature over classes',
               _mean_log_curvature), ('Variance of log curvature over classes',
                                      _variance_of_log_curvature))
    for axis, (title, measure) in zip(axes.flat, panels):
        for color, (name, run) in zip(COLORS, runs.items()):
            axis.plot(run.epochs, measure(run), color=color, label=name)
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
    axes[0, 0].legend(frameon=False)
    for axis in axes[1]:
        axis.set_xlabel('epoch')
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure, axes


def plot_class_accuracy(runs: Dict[str, RunRecord]):
    """Accuracy of every class after the last epoch, most images first.

    Args:
        runs (dict): Name to run, all with the same classes.

    Returns:
        tuple: Figure and its axis.
    """
    first = next(iter(runs.values()))
    order = np.argsort(-first.train_counts, kind='stable')
    figure = Figure(figsize=(9, 4), layout='constrained')
    axis = figure.subplots()
    width = 0.8 / len(runs)
    place = np.arange(len(order))
    for i, (color, (name, run)) in enumerate(zip(COLORS, runs.items())):
        shift = (i - (len(runs) - 1) / 2) * width
        axis.bar(
            place + shift,
            100 * run.accuracy[-1][order],
            width,
            color=color,
            label=name)
    labels = [
        f'{first.classes[c]}\n{first.train_counts[c]:.0f}' for c in order
    ]
    axis.set_xticks(place, labels, rotation=30, ha='right', fontsize=8)
    axis.set_ylabel('accuracy (%)')
    axis.set_xlabel('class and its number of training images')
    axis.set_ylim(0, 100)
    axis.legend(frameon=False)
    return figure, axis


def _mean_accuracy(run: RunRecord) -> np.ndarray:
    return 100 * np.nanmean(run.accuracy, axis=1)


def _variance_of_accuracy(run: RunRecord) -> np.ndarray:
    return np.nanvar(run.accuracy, axis=1)


def _log_curvature(run: RunRecord) -> np.ndarray:
    positive = np.where(run.curvature > 0, run.curvature, np.nan)
    return np.log(positive)


def _mean_log_curvature(run: RunRecord) -> np.ndarray:
    return np.nanmean(_log_curvature(run), axis=1)


def _variance_of_log_curvature(run: RunRecord) -> np.ndarray:
    return np.nanvar(_log_curvature(run), axis=1)
