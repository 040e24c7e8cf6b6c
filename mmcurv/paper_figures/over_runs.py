# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 1, 4, 6, 14 and 15: final numbers of runs and layers, side by side.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*. Bars are means over repetitions, dots the single
runs.
"""
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from matplotlib.patches import Patch

from mmcurv.audit.report.style import (MUTED, color, literal, outer_legend,
                                       panels)
from mmcurv.fairness import accuracy_variance
from mmcurv.numbers import is_known
from .histories import (HISTORIES, class_accuracies, evaluated_counts,
                        read_history, read_record, records_by_epoch,
                        split_name)
from .over_epochs import correlations


def plot_bias_of_methods(record: Dict[str, Any]):
    """Fig. 1: variance of class accuracy of each method, without and with CR.

    Args:
        record (dict): A collection.

    Returns:
        tuple: Figure and axes, one for each data set, at most three in a
        row.
    """
    from mmcurv.benchmark.figures import plot_methods
    return plot_methods(_frame(record, plain=True))


def plot_bias_of_models(record: Dict[str, Any]):
    """Fig. 15: variance of class accuracy of each model, without and with CR.

    Args:
        record (dict): A collection.

    Returns:
        tuple: Figure and axes, one for each data set, at most three in a
        row.
    """
    from mmcurv.benchmark.figures import plot_models
    return plot_models(_frame(record, plain=True))


def plot_model_correlation(record: Dict[str, Any]):
    """Fig. 4 B: correlation of curvature and accuracy, models by data sets.

    Args:
        record (dict): A collection.

    Returns:
        tuple: Figure and axes (1, 1).

    Raises:
        ValueError: If no run has a correlation.
    """
    from mmcurv.benchmark import figures
    return figures.plot_model_correlation(_frame(record, plain=True))


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
    from mmcurv.benchmark import figures
    return figures.plot_tau(_frame(record))


def _frame(record: Dict[str, Any], plain: bool = False):
    """Runs as the figures of a benchmark take them; the import is upward and
    heavy, and so only made when it is asked for."""
    import pandas as pd
    runs = pd.DataFrame(record['runs'])
    runs = runs.rename(columns=dict(dataset='data', pearson='correlation'))
    number = ['overall', 'variance', 'correlation', 'tau']
    runs = runs.reindex(columns=[*runs, *set(number).difference(runs)])
    runs = runs.astype(dict.fromkeys(number, float) | dict(cr=bool))
    runs['overall'] *= 100
    if plain and 'variant' in runs:  # a variant is no repetition
        runs = runs[runs.variant == '']
    return runs


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


RUNS, COLLECTED = 'mmcurv.run_collection', 'mmcurv.collection'
KEYS = ('path', 'model', 'dataset', 'method', 'cr')
RUNS_REMEDY = (
    'Train the runs with tools/train.py and list their work folders in '
    f'a JSON file of schema {RUNS!r}; docs/geometry.md shows one.')


def measure_runs(paths: Sequence[str]) -> Dict[str, Any]:
    """The final numbers of every run of a collection.

    Args:
        paths (Sequence[str]): Of one collection: the ``collection.json`` of
            ``tools/benchmark.py collect``, or a list of work folders.

    Returns:
        dict: ``runs``, each with the keys of the collection but the path and
        ``overall`` (accuracy of all test images, fraction), ``variance`` of
        the class accuracies as fractions, ``pearson`` of curvature and
        accuracy, all after the last epoch that was evaluated, and nan where
        the run does not tell.

    Raises:
        FileNotFoundError: If there is no such collection, or a run of it has
            no class accuracies.
        ValueError: If a run of it lacks a key.
    """
    if len(paths) != 1 or not osp.isfile(paths[0]):
        raise FileNotFoundError('expected the JSON file of one collection of '
                                f'runs, got {list(paths)}. {RUNS_REMEDY}')
    collection = read_record(paths[0])
    if collection.get('schema') == COLLECTED:
        return _collected(paths[0])
    if collection.get('schema') != RUNS or not collection.get('runs'):
        raise FileNotFoundError(
            f'expected schema {RUNS!r} with runs in {paths[0]}, got '
            f'{collection.get("schema")!r} with '
            f'{len(collection.get("runs") or [])}. {RUNS_REMEDY}')
    folder = osp.dirname(osp.abspath(paths[0]))
    runs = []
    for number, run in enumerate(collection['runs'], 1):
        missing = [key for key in KEYS if key not in run]
        if missing:
            raise ValueError(
                f'expected the keys {", ".join(KEYS)} in every run of '
                f'{paths[0]}, run {number} lacks {", ".join(missing)}. '
                f'{RUNS_REMEDY}')
        varied = {key: run[key] for key in KEYS[1:]}
        runs.append(
            dict(
                varied,
                tau=run.get('tau'),
                **_final(osp.join(folder, run['path']))))
    return dict(runs=runs)


def _collected(path: str) -> Dict[str, Any]:
    # Upward, and so only when it is asked for.
    from mmcurv.benchmark.collect import read_collection
    from mmcurv.benchmark.figures import figure_runs
    return dict(runs=[
        dict(
            model=run['model'],
            dataset=run['data'],
            method=run['method'],
            cr=run['cr'],
            variant=run['variant'],
            tau=run['tau'] if is_known(run['tau']) else None,
            overall=run['overall'] / 100,
            variance=run['variance'],
            pearson=run['correlation'])
        for run in figure_runs(read_collection(path))['runs']
    ])


def _final(path: str) -> Dict[str, float]:
    if osp.isdir(path):
        return _of_folder(path)
    record = read_record(path) if osp.isfile(path) else {}
    if record.get('schema') == HISTORIES and len(record['runs']) == 1:
        run = record['runs'][0]
        return _numbers(run['accuracy'][-1], run['test_count'],
                        correlations(run, 'curvature')[-1])
    if 'summary' in record and 'classes' in record:
        classes = record['classes']
        return _numbers([row['accuracy'] for row in classes],
                        [row['test_count'] for row in classes],
                        record['correlation']['curvature']['pearson'])
    raise FileNotFoundError(
        f'expected a work folder, an audit.json or the history of one run at '
        f'{path}, found {record.get("schema", "nothing")!r}. {RUNS_REMEDY}')


def _of_folder(folder: str) -> Dict[str, float]:
    tested = records_by_epoch(folder, 'class_accuracy')
    if not tested:
        raise FileNotFoundError(
            f'expected {folder}/class_accuracy/epoch_*.json, found none. The '
            'run needs the metric mmcurv.ClassFairness. ' + RUNS_REMEDY)
    last = max(tested)
    correlation = None
    # Curvature of an earlier epoch says nothing about the final accuracies.
    if last in records_by_epoch(folder, 'geometry'):
        history = read_history(folder, folder)
        correlation = correlations(history,
                                   'curvature')[history['epochs'].index(last)]
    return _numbers(
        class_accuracies(tested[last]), evaluated_counts(tested[last]),
        correlation)


def _numbers(accuracy: List[Optional[float]], total: List[int],
             correlation: Optional[float]) -> Dict[str, float]:
    accuracy = np.array(accuracy, dtype=float)
    known = np.isfinite(accuracy)
    weights = np.where(known, np.array(total, dtype=float), 0)
    overall = np.nan
    if weights.sum() > 0:
        overall = float(np.nansum(accuracy * weights) / weights.sum())
    return dict(
        overall=overall,
        variance=float(accuracy_variance(accuracy).value),
        pearson=float('nan') if correlation is None else float(correlation))
