# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 10 and 11: correlation of geometry and accuracy over epochs.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*, Section 5.3. Each function takes the record of
:func:`~mmcurv.paper_figures.run_history.measure`.
"""
from typing import Any, Dict

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import t

from mmcurv.audit.report.style import (RULE, color, epoch_axis, literal,
                                       panels, set_heading, set_legend)
from mmcurv.engine.geometry_record import pearson_or_nan
from .run_history import known_array


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
