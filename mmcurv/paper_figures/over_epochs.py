# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 7 to 11: geometry, and how it goes with accuracy, over epochs.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*, Section 5. Each function takes the record of
:func:`~mmcurv.paper_figures.histories.measure`.
"""
from typing import Any, Dict

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import t

from mmcurv.audit.report.style import (RULE, color, epoch_axis, literal,
                                       outer_legend, panels, set_heading,
                                       set_legend)
from mmcurv.engine.geometry_record import pearson_or_nan
from .histories import array, known_array

MAX_NAMED = 10  # classes; more have neither room nor colours


def plot_separation(record: Dict[str, Any]):
    """Fig. 7: separation degree of every class, one panel per run.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, runs).

    Raises:
        ValueError: If a run recorded no separation.
    """
    runs = record['runs']
    figure, axes = panels(1, len(runs), width=4, height=3.2)
    for axis, run in zip(axes.flat, runs):
        _draw_classes(axis, run, known_array(run, 'separation'))
        axis.set_ylabel('separation degree')
        set_heading(axis, run['name'])
    _name_classes(figure, axes, record)
    return figure, axes


def plot_curvature(record: Dict[str, Any]):
    """Fig. 8: curvature of every class and its mean, one column per run.

    Departures: the paper shows the mean alone, on a linear scale. The second
    row, drawn if the runs recorded mean radii, shows curvature times radius
    to the power of m, the tangent dimension: curvature has the unit
    1 / length^m, so a network that stretches its features lowers it without
    flattening anything, and this product is free of the unit.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1 or 2, runs).

    Raises:
        ValueError: If a run recorded no curvature.
    """
    runs = record['runs']
    with_radius = all(np.isfinite(array(run, 'radius')).any() for run in runs)
    figure, axes = panels(1 + with_radius, len(runs), width=4)
    for column, run in zip(axes.T, runs):
        curvature = known_array(run, 'curvature')  # (E, C)
        _draw_classes(column[0], run, curvature)
        column[0].set_ylabel('curvature')
        set_heading(column[0], run['name'])
        if with_radius:
            power = (run['settings'].get('options')
                     or {}).get('tangent_dim', 2)
            _draw_classes(column[1], run,
                          curvature * array(run, 'radius')**power)
            column[1].set_ylabel(f'curvature × radius$^{power}$')
        for axis in column:
            axis.set_yscale('log')
    _name_classes(figure, axes, record)
    return figure, axes


def plot_imbalance(record: Dict[str, Any]):
    """Fig. 9: training loss, and variance of the curvature over classes.

    The variance is the imbalance of Table 6. Departure: the variance of log
    curvature, which the unit of the features does not change, stands below
    it. Both begin with the first epoch that has a loss.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (3, runs).

    Raises:
        ValueError: If a run recorded no loss or no curvature.
    """
    runs = record['runs']
    figure, axes = panels(3, len(runs), height=2.1)
    kinds = (('curvature', 'variance of\ncurvature'),
             ('log_curvature', 'variance of\nlog curvature'))
    for column, run in zip(axes.T, runs):
        loss = known_array(run, 'train_loss')
        trained = np.isfinite(loss)  # not the initial network
        epochs = np.array(run['epochs'])[trained]
        column[0].plot(epochs, loss[trained], color=color(7))
        column[0].set_ylabel('training loss')
        set_heading(column[0], run['name'])
        for axis, (key, label) in zip(column[1:], kinds):
            variance = _over_classes(np.nanvar, known_array(run, key)[trained])
            axis.plot(epochs, variance, color=color(0))
            axis.set_ylabel(label)
        column[1].set_yscale('log')
        for axis in column:
            epoch_axis(axis)
    return figure, axes


def _draw_classes(axis: Axes, run: Dict[str, Any], values: np.ndarray) -> None:
    """A thin line for each class and a thick one for their mean; (E, C)."""
    named = len(run['classes']) <= MAX_NAMED
    for c, name in enumerate(run['classes']):
        axis.plot(
            run['epochs'],
            values[:, c],
            color=color(c),
            lw=1.1 if named else 0.4,
            label=literal(name))
    axis.plot(
        run['epochs'],
        _over_classes(np.nanmean, values),
        'k',
        lw=2.2,
        label='mean')
    epoch_axis(axis)


def _name_classes(figure: Figure, axes: np.ndarray, record: Dict[str,
                                                                 Any]) -> None:
    """A legend, if few classes are the same in every run."""
    handles, labels = axes[0, 0].get_legend_handles_labels()
    classes = [run['classes'] for run in record['runs']]
    if len(classes[0]) > MAX_NAMED or classes.count(classes[0]) < len(classes):
        handles, labels = handles[-1:], labels[-1:]  # the mean
    outer_legend(figure, handles, labels, 'outside right upper')


def _over_classes(reduce, values: np.ndarray) -> np.ndarray:
    """Mean or variance over the classes that have the measure, (E,)."""
    return np.array(
        [reduce(row) if np.isfinite(row).any() else np.nan for row in values])


def plot_correlation(record: Dict[str, Any]):
    """Fig. 10: class accuracy against separation and curvature.

    Departures: the log of the curvature is shown too, since a few classes of
    large curvature decide the plain coefficient; a band shows which
    coefficients so few classes cannot tell from 0, see :func:`chance_band`.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, runs).

    Raises:
        ValueError: If a run recorded no separation, curvature or accuracy.
    """
    runs = record['runs']
    figure, axes = panels(1, len(runs))
    kinds = (('separation', 'separation', color(0),
              '-'), ('curvature', 'curvature', color(1), '-'),
             ('log_curvature', 'log curvature', color(1), '--'))
    for axis, run in zip(axes.flat, runs):
        for key, label, hue, style in kinds:
            axis.plot(
                run['epochs'],
                correlations(run, key),
                style,
                color=hue,
                lw=1.8 if style == '-' else 1.2,
                label=label)
        band = chance_band(len(run['classes']))
        if np.isfinite(band):
            axis.axhspan(
                -band, band, color=RULE, alpha=0.5, lw=0, label='p > 0.05')
        _correlation_axis(axis)
        set_heading(axis, run['name'])
        set_legend(axis, 'lower right')
    return figure, axes


def plot_curvature_correlation(record: Dict[str, Any]):
    """Fig. 11: class accuracy against curvature, every run in one panel.

    Args:
        record (dict): Histories of runs.

    Returns:
        tuple: Figure and axes (1, 1).

    Raises:
        ValueError: If a run recorded no curvature or accuracy.
    """
    figure, axes = panels(1, 1, width=5, height=3.4)
    for i, run in enumerate(record['runs']):
        axes[0, 0].plot(
            run['epochs'],
            correlations(run, 'curvature'),
            color=color(i),
            label=literal(run['name']))
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

    Raises:
        ValueError: If the run recorded no such measure or no accuracy.
    """
    pairs = zip(known_array(run, key), known_array(run, 'accuracy'))
    return np.array([pearson_or_nan(x, y)[0] for x, y in pairs])


def chance_band(num_classes: int, level: float = 0.05) -> float:
    """Size of Pearson's coefficient that chance alone exceeds that often.

    Two-sided t-test of no correlation, for independent normal values: a
    yardstick, as the values of classes are neither.

    Args:
        num_classes (int): C, the pairs of values.
        level (float): Share of the cases, in (0, 1). Defaults to 0.05.

    Returns:
        float: In (0, 1); nan for fewer than three classes.
    """
    if num_classes < 3:
        return float('nan')
    quantile = t.isf(level / 2, num_classes - 2)
    return float(quantile / np.sqrt(num_classes - 2 + quantile**2))


def _correlation_axis(axis: Axes) -> None:
    axis.axhline(0, color='k', lw=0.6)
    axis.set_ylim(-1, 1)
    axis.set_ylabel("Pearson's correlation\nwith class accuracy")
    epoch_axis(axis)
