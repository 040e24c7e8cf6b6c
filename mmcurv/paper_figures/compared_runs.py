# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 1, 4, 14 and 15: final numbers of many runs, side by side.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*. Each function takes the record of
:func:`~mmcurv.paper_figures.run_collection.measure`. Bars are means
over repetitions, dots the single runs.
"""
from typing import Any, Dict, List

import numpy as np

from mmcurv.audit.report.style import (INK, color, literal, outer_legend,
                                       panels, set_heading, set_legend,
                                       wrapped_panels)

WIDE = 20  # times; the paper's own range is narrower


def plot_bias_of_methods(record: Dict[str, Any]):
    """Fig. 1: variance of class accuracy of each method, without and with CR.

    Args:
        record (dict): A collection.

    Returns:
        tuple: Figure and axes, one for each data set, at most three in a
        row.
    """
    return _without_and_with(record, 'method')


def plot_bias_of_models(record: Dict[str, Any]):
    """Fig. 15: variance of class accuracy of each model, without and with CR.

    Args:
        record (dict): A collection.

    Returns:
        tuple: Figure and axes, one for each data set, at most three in a
        row.
    """
    return _without_and_with(record, 'model')


def plot_model_correlation(record: Dict[str, Any]):
    """Fig. 4 B: correlation of curvature and accuracy, models by data sets.

    Args:
        record (dict): A collection.

    Returns:
        tuple: Figure and axes (1, 1).

    Raises:
        ValueError: If no run has a correlation.
    """
    runs = record['runs']
    pearson = np.array([run['pearson'] for run in runs], dtype=float)
    if not np.isfinite(pearson).any():
        raise ValueError(
            'expected runs whose curvature was measured, got none among '
            f'{len(runs)}. Train them with the hook '
            'mmcurv.GeometryMonitorHook, or give audits.')
    models = _values(runs, 'model')
    datasets = _values(runs, 'dataset')
    figure, axes = panels(1, 1, width=max(4, 0.9 * len(models)), height=3.2)
    for i, dataset in enumerate(datasets):
        _bars(axes[0, 0], models, i, len(datasets), dataset, [[
            run['pearson'] for run in runs
            if (run['model'], run['dataset']) == (model, dataset)
        ] for model in models])
    axes[0, 0].axhline(0, color=INK, lw=0.6)
    axes[0, 0].set_ylim(-1, 1)
    axes[0, 0].set_ylabel("Pearson's correlation of\ncurvature and accuracy")
    set_legend(axes[0, 0])
    return figure, axes


def plot_tau(record: Dict[str, Any]):
    """Fig. 14: accuracy over tau, one panel per data set.

    Args:
        record (dict): A collection whose CR runs have ``tau``.

    Returns:
        tuple: Figure and axes, one for each data set, at most three in a
        row.

    Raises:
        ValueError: If no run has it.
    """
    runs = [run for run in record['runs'] if run['tau'] is not None]
    if not runs:
        raise ValueError('expected runs with "tau" in the collection, got '
                         'none. Add the number to each run with CR.')
    datasets = _values(runs, 'dataset')
    figure, axes = wrapped_panels(len(datasets), 3, width=4.2, height=3.2)
    for i, (axis, dataset) in enumerate(zip(axes.flat, datasets)):
        own = [run for run in runs if run['dataset'] == dataset]
        taus = sorted({run['tau'] for run in own})
        overall = 100 * np.array([run['overall'] for run in own], dtype=float)
        at = np.array([run['tau'] for run in own])
        mean = [overall[at == tau].mean() for tau in taus]
        axis.plot(taus, mean, color=color(i))
        axis.plot(at, overall, 'o', ms=4, color=color(i))
        if taus[-1] > WIDE * taus[0]:  # the strength goes by its logarithm
            axis.set_xscale('log')
        axis.set_xlabel('tau')
        axis.set_ylabel('accuracy (%)')
        set_heading(axis, dataset)
    return figure, axes


def _without_and_with(record: Dict[str, Any], key: str):
    runs = record['runs']
    datasets = _values(runs, 'dataset')
    figure, axes = wrapped_panels(len(datasets), 3, width=4.2, height=3.2)
    for axis, dataset in zip(axes.flat, datasets):
        own = [run for run in runs if run['dataset'] == dataset]
        names = _values(own, key)
        for i, label in enumerate(('without CR', 'with CR')):
            _bars(axis, names, i, 2, label, [[
                run['variance'] for run in own
                if run[key] == name and bool(run['cr']) == bool(i)
            ] for name in names])
        axis.set_ylabel('variance of class accuracy')
        set_heading(axis, dataset)
    outer_legend(figure, *axes[0, 0].get_legend_handles_labels(),
                 'outside upper right', 2)
    return figure, axes


def _bars(axis, names: List[str], i: int, of: int, label: str,
          values: List[List[float]]) -> None:
    """The i-th of ``of`` bars at each name; none where there is no run."""
    width = 0.8 / of
    place = np.arange(len(names)) + (i - (of - 1) / 2) * width
    known = [np.array(v, dtype=float) for v in values]
    known = [v[np.isfinite(v)] for v in known]
    mean = [v.mean() if v.size else np.nan for v in known]
    axis.bar(place, mean, 0.92 * width, color=color(i), label=literal(label))
    for x, v in zip(place, known):
        if v.size > 1:
            axis.plot([x] * v.size, v, 'o', color=INK, ms=2.5)
    axis.set_xticks(
        np.arange(len(names)),
        map(literal, names),
        rotation=25,
        ha='right',
        fontsize=8)


def _values(runs: List[Dict[str, Any]], key: str) -> List[str]:
    """Different values in the order in which they come."""
    return list(dict.fromkeys(str(run[key]) for run in runs))
