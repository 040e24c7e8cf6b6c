# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 7 to 11: geometry and its correlation with accuracy over epochs.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*, Section 5. Each function takes the record of
:func:`~mmcurv.analysis.paper_figures.run_history.measure`.
"""
from typing import Any, Dict

import numpy as np

from mmcurv.analysis.figure_style import set_heading, set_legend
from mmcurv.fairness import pearson
from .panels import color, epoch_axis, panels
from .run_history import array


def plot_separation(record: Dict[str, Any]):
    """Fig. 7: separation degree of every class, one panel per run.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, runs).
    """
    return _per_class(record, 'separation', 'separation degree')


def plot_curvature(record: Dict[str, Any]):
    """Fig. 8: curvature, one panel per run.

    Departure: every class is drawn thinly under the mean over the classes,
    which is all that the paper shows; on a logarithmic scale.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, runs).
    """
    figure, axes = _per_class(record, 'curvature', 'curvature')
    for axis in axes.flat:
        axis.set_yscale('log')
    return figure, axes


def plot_imbalance(record: Dict[str, Any]):
    """Fig. 9: training loss, and variance of the curvature over classes.

    Departure: the variance of log curvature, which the unit of the features
    does not change, stands beside it: a network that shrinks or stretches
    all features changes the variance without balancing anything.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (3, runs).
    """
    runs = record['runs']
    figure, axes = panels(3, len(runs), height=2.1)
    kinds = (('curvature', 'variance of\ncurvature'),
             ('log_curvature', 'variance of\nlog curvature'))
    for column, run in zip(axes.T, runs):
        column[0].plot(run['epochs'], array(run, 'train_loss'), color=color(7))
        column[0].set_ylabel('training loss')
        set_heading(column[0], run['name'])
        for axis, (key, label) in zip(column[1:], kinds):
            axis.plot(
                run['epochs'],
                _over_classes(np.nanvar, run, key),
                color=color(0))
            axis.set_ylabel(label)
        column[1].set_yscale('log')
        for axis in column:
            epoch_axis(axis)
    return figure, axes


def plot_correlation(record: Dict[str, Any]):
    """Fig. 10: class accuracy against separation and curvature.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, runs).
    """
    runs = record['runs']
    figure, axes = panels(1, len(runs))
    kinds = (('separation', 'separation'), ('curvature', 'curvature'),
             ('log_curvature', 'log curvature'))
    for axis, run in zip(axes.flat, runs):
        for i, (key, label) in enumerate(kinds):
            axis.plot(
                run['epochs'],
                correlations(run, key),
                '--' if key == 'log_curvature' else '-',
                color=color(min(i, 1)),
                lw=1.2 if key == 'log_curvature' else 1.8,
                label=label)
        _correlation_axis(axis)
        set_heading(axis, run['name'])
        set_legend(axis)
    return figure, axes


def plot_curvature_correlation(record: Dict[str, Any]):
    """Fig. 11: class accuracy against curvature, every run in one panel.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, 1).
    """
    figure, axes = panels(1, 1, width=5, height=3.4)
    for i, run in enumerate(record['runs']):
        axes[0, 0].plot(
            run['epochs'],
            correlations(run, 'curvature'),
            color=color(i),
            label=run['name'])
    _correlation_axis(axes[0, 0])
    set_legend(axes[0, 0])
    return figure, axes


def correlations(run: Dict[str, Any], key: str) -> np.ndarray:
    """Pearson's correlation with class accuracy in each epoch.

    Args:
        run (dict): A history.
        key (str): The measure.

    Returns:
        np.ndarray: Shape (E,); nan where fewer than three classes have both
        or one of the two is constant.
    """
    values = []
    for x, y in zip(array(run, key), array(run, 'accuracy')):
        known = np.isfinite(x) & np.isfinite(y)
        varied = known.sum() >= 3 and np.ptp(x[known]) > 0 and np.ptp(
            y[known]) > 0
        values.append(
            pearson(x, y, permutations=0, resamples=0).value if varied else np.
            nan)
    return np.array(values)


def _per_class(record: Dict[str, Any], key: str, label: str):
    runs = record['runs']
    figure, axes = panels(1, len(runs), width=4, height=3.2)
    for axis, run in zip(axes.flat, runs):
        values = array(run, key)  # (E, C)
        few = values.shape[1] <= 10
        for c, name in enumerate(run['classes']):
            axis.plot(
                run['epochs'],
                values[:, c],
                color=color(c),
                lw=1.1 if few else 0.4,
                label=name if few else None)
        axis.plot(
            run['epochs'],
            _over_classes(np.nanmean, run, key),
            'k',
            lw=2.2,
            label='mean')
        axis.set_ylabel(label)
        epoch_axis(axis)
        set_heading(axis, run['name'])
    figure.legend(
        *axes[0, -1].get_legend_handles_labels(),
        loc='outside right upper',
        frameon=False,
        fontsize=8)
    return figure, axes


def _over_classes(reduce, run: Dict[str, Any], key: str) -> np.ndarray:
    """Mean or variance over the classes that have the measure, (E,)."""
    return np.array([
        reduce(row) if np.isfinite(row).any() else np.nan
        for row in array(run, key)
    ])


def _correlation_axis(axis) -> None:
    axis.axhline(0, color='k', lw=0.6)
    axis.set_ylim(-1, 1)
    axis.set_ylabel("Pearson's correlation\nwith class accuracy")
    epoch_axis(axis)
