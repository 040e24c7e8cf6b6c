# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 1, 4, 6, 14 and 15: final numbers of runs and layers, side by side.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*. Bars are means over repetitions, dots the single
runs.
"""
import os.path as osp
from typing import Any, Dict, Sequence

import numpy as np
from matplotlib.patches import Patch

from mmcurv.audit.report.style import (MUTED, color, literal, outer_legend,
                                       panels)
from .histories import read_record, split_name

RUNS_REMEDY = ('Give one collection.json that "tools/benchmark.py collect" '
               'wrote of trained runs.')


def measure_runs(paths: Sequence[str]) -> Dict[str, Any]:
    """The final numbers of every finished run of a collection.

    Args:
        paths (Sequence[str]): Of one ``collection.json`` of
            ``tools/benchmark.py collect``.

    Returns:
        dict: ``runs``, see :func:`~mmcurv.benchmark.figures.figure_runs`.

    Raises:
        FileNotFoundError: If there is no such collection.
        ValueError: If it is none, or not whole.
    """
    # Heavy, and so imported only when it is asked for.
    from mmcurv.benchmark.collect import read_collection
    from mmcurv.benchmark.figures import figure_runs
    if len(paths) != 1 or not osp.isfile(paths[0]):
        raise FileNotFoundError('expected the file of one collection of runs, '
                                f'got {list(paths)}. {RUNS_REMEDY}')
    return figure_runs(read_collection(paths[0]))


def plot_bias_of_methods(record: Dict[str, Any]):
    """Fig. 1: variance of class accuracy of each method, without and with CR.
    """
    return _plot('plot_methods', record, plain=True)


def plot_bias_of_models(record: Dict[str, Any]):
    """Fig. 15: variance of class accuracy of each model, without and with CR.
    """
    return _plot('plot_models', record, plain=True)


def plot_model_correlation(record: Dict[str, Any]):
    """Fig. 4 B: correlation of curvature and accuracy, models by data sets."""
    return _plot('plot_model_correlation', record, plain=True)


def plot_tau(record: Dict[str, Any]):
    """Fig. 14: accuracy over tau, one panel per data set."""
    return _plot('plot_tau', record, plain=False)


def _plot(name: str, record: Dict[str, Any], plain: bool):
    """A figure of a benchmark; with ``plain`` variants are no repetitions."""
    import pandas as pd

    from mmcurv.benchmark import figures
    runs = pd.DataFrame(record['runs'])
    if runs.empty:
        raise ValueError('expected finished runs in the collection, found '
                         f'none. {RUNS_REMEDY}')
    runs = runs[runs.variant == ''] if plain else runs
    return getattr(figures, name)(runs)


AUDIT_REMEDY = (
    'Audit a checkpoint at several layers, for example\n  python '
    'tools/analyze_curvature.py CONFIG CHECKPOINT --layers 1/3 2/3 last '
    '--out-dir audit\nand give audit/audit.json.')


def measure_layers(paths: Sequence[str]) -> Dict[str, Any]:
    """Correlations of audits that cover several layers.

    Args:
        paths (Sequence[str]): Of ``audit.json`` files or their folders;
            ``NAME=PATH`` names one.

    Returns:
        dict: A record for :func:`plot_layers`; nan where a layer has none.

    Raises:
        FileNotFoundError: If an audit is missing or has no layers.
    """
    if not paths:
        raise FileNotFoundError(f'expected audits, got none. {AUDIT_REMEDY}')
    models = []
    for given in paths:
        name, path = split_name(given)
        if osp.isdir(path):
            path = osp.join(path, 'audit.json')
        if not osp.isfile(path):
            raise FileNotFoundError(f'expected an audit at {path}, found '
                                    f'none. {AUDIT_REMEDY}')
        layers = read_record(path).get('layers') or {}
        if not layers:
            raise FileNotFoundError(f'expected several layers in {path}, '
                                    f'found none. {AUDIT_REMEDY}')
        models.append(
            dict(
                name=name,
                layers=list(layers),
                pearson=[
                    layer['correlation']['curvature']['pearson']
                    for layer in layers.values()
                ]))
    return dict(models=models)


def plot_layers(record: Dict[str, Any]):
    """Absolute correlation at each layer, as in the paper, per model.

    Filled bars are negative correlations, hollow ones positive: the paper's
    absolute value hides the sign.

    Args:
        record (dict): Of :func:`measure_layers`.

    Returns:
        tuple: Figure and axes (1, 1).
    """
    models = record['models']
    figure, axes = panels(
        1, 1, width=max(4.5, 1 + 1.6 * len(models)), height=3.8)
    axis = axes[0, 0]
    most = max(len(model['layers']) for model in models)
    width = 0.8 / most
    handles, labels = [], []
    for i in range(most):
        own = [(x, model) for x, model in enumerate(models)
               if i < len(model['layers'])]
        names = dict.fromkeys(model['layers'][i] for _, model in own)
        for x, model in own:
            value = np.array(model['pearson'][i], dtype=float)  # None is nan
            axis.bar(
                x + (i - (most - 1) / 2) * width,
                np.abs(value),
                0.92 * width,
                edgecolor=color(i),
                facecolor=color(i) if value < 0 else 'none')
        handles.append(Patch(color=color(i)))
        labels.append(literal(', '.join(names)))
    axis.set_xticks(
        range(len(models)), [literal(model['name']) for model in models])
    axis.set_ylim(0, 1)
    axis.set_ylabel("|Pearson's correlation|\nof curvature and accuracy")
    outer_legend(figure, handles, labels, 'outside upper left')
    figure.supxlabel(
        'Filled: negative. Hollow: positive.', color=MUTED, fontsize=8)
    return figure, axes
