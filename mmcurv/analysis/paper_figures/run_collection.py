# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Several runs with what was varied among them.

A collection is a JSON file::

    {"schema": "mmcurv.run_collection", "schema_version": 1,
     "runs": [{"path": "ce_if100", "model": "ResNet-32",
               "dataset": "CIFAR-100-LT", "method": "CE", "cr": false,
               "tau": null}]}

``path`` is relative to the file: a work folder, an ``audit.json``, or a file
of run histories that holds one run. Runs that agree in all but the path are
repetitions with other seeds.
"""
import glob
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from mmcurv.fairness import accuracy_variance
from .epoch_curves import correlations
from .records import read_record
from .run_history import SCHEMA as HISTORIES
from .run_history import read_history

SCHEMA = 'mmcurv.run_collection'
SCHEMA_VERSION = 1
KEYS = ('model', 'dataset', 'method', 'cr', 'tau')
REMEDY = ('Train the runs with tools/train.py and list their work folders in '
          f'a JSON file of schema {SCHEMA!r}; docs/geometry.md shows '
          'one.')


def measure(paths: Sequence[str]) -> Dict[str, Any]:
    """The final numbers of every run of a collection.

    Args:
        paths (Sequence[str]): Of one collection.

    Returns:
        dict: ``runs``, each with the keys of the collection and ``overall``
        (accuracy of all test images, fraction), ``variance`` of the class
        accuracies as fractions, ``pearson`` of curvature and accuracy, all
        after the last epoch, and nan where the run does not tell.

    Raises:
        FileNotFoundError: If there is no such collection, or a run of it has
            no class accuracies.
    """
    if len(paths) != 1 or not osp.isfile(paths[0]):
        raise FileNotFoundError('expected the JSON file of one collection of '
                                f'runs, got {list(paths)}. {REMEDY}')
    collection = read_record(paths[0])
    if collection.get('schema') != SCHEMA or not collection.get('runs'):
        raise FileNotFoundError(
            f'expected schema {SCHEMA!r} with runs in {paths[0]}, got '
            f'{collection.get("schema")!r} with '
            f'{len(collection.get("runs") or [])}. {REMEDY}')
    folder = osp.dirname(osp.abspath(paths[0]))
    runs = []
    for run in collection['runs']:
        found = _final(osp.join(folder, run['path']))
        runs.append({**{key: run.get(key) for key in KEYS}, **found})
    return dict(runs=runs)


def _final(path: str) -> Dict[str, float]:
    if osp.isdir(path):
        return _of_folder(path)
    record = read_record(path) if osp.isfile(path) else {}
    if record.get('schema') == HISTORIES and len(record['runs']) == 1:
        return _of_history(record['runs'][0])
    if 'summary' in record and 'classes' in record:
        classes = record['classes']
        return _numbers([row['accuracy'] for row in classes],
                        [row['test_count'] for row in classes],
                        record['correlation']['curvature']['pearson'])
    raise FileNotFoundError(
        f'expected a work folder, an audit.json or the history of one run at '
        f'{path}, found {record.get("schema", "nothing")!r}. {REMEDY}')


def _of_folder(folder: str) -> Dict[str, float]:
    files = sorted(
        glob.glob(
            osp.join(glob.escape(folder), 'class_accuracy', 'epoch_*.json')))
    if not files:
        raise FileNotFoundError(
            f'expected {folder}/class_accuracy/epoch_*.json, found none. The '
            'run needs the metric mmcurv.ClassFairness. ' + REMEDY)
    rows = read_record(files[-1])['classes']
    correlation = None
    if osp.isdir(osp.join(folder, 'geometry')):
        correlation = correlations(read_history(folder, ''), 'curvature')[-1]
    total = [row['test_count'] for row in rows]
    accuracy = [
        row['correct'] / row['test_count'] if row['test_count'] else None
        for row in rows
    ]
    return _numbers(accuracy, total, correlation)


def _of_history(run: Dict[str, Any]) -> Dict[str, float]:
    # Histories hold no test counts: their mean is over the classes.
    return _numbers(run['accuracy'][-1], [1] * len(run['classes']),
                    correlations(run, 'curvature')[-1])


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
