# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Several runs with what was varied among them.

A collection is a JSON file::

    {"schema": "mmcurv.run_collection", "schema_version": 1,
     "runs": [{"path": "ce_if100", "model": "ResNet-32",
               "dataset": "CIFAR-100-LT", "method": "CE", "cr": false,
               "tau": null}]}

``path`` is relative to the file: a work folder, an ``audit.json``, or a file
of run histories that holds one run. ``tau`` may be left out. Runs that agree
in all but the path are repetitions with other seeds.
"""
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from mmcurv.fairness import accuracy_variance
from .epoch_correlations import correlations
from .records import read_record
from .run_history import SCHEMA as HISTORIES
from .run_history import (class_accuracies, evaluated_counts, read_history,
                          records_by_epoch)

SCHEMA = 'mmcurv.run_collection'
SCHEMA_VERSION = 1
KEYS = ('path', 'model', 'dataset', 'method', 'cr')
REMEDY = ('Train the runs with tools/train.py and list their work folders in '
          f'a JSON file of schema {SCHEMA!r}; docs/geometry.md shows one.')


def measure(paths: Sequence[str]) -> Dict[str, Any]:
    """The final numbers of every run of a collection.

    Args:
        paths (Sequence[str]): Of one collection.

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
                                f'runs, got {list(paths)}. {REMEDY}')
    collection = read_record(paths[0])
    if collection.get('schema') != SCHEMA or not collection.get('runs'):
        raise FileNotFoundError(
            f'expected schema {SCHEMA!r} with runs in {paths[0]}, got '
            f'{collection.get("schema")!r} with '
            f'{len(collection.get("runs") or [])}. {REMEDY}')
    folder = osp.dirname(osp.abspath(paths[0]))
    runs = []
    for number, run in enumerate(collection['runs'], 1):
        missing = [key for key in KEYS if key not in run]
        if missing:
            raise ValueError(
                f'expected the keys {", ".join(KEYS)} in every run of '
                f'{paths[0]}, run {number} lacks {", ".join(missing)}. '
                f'{REMEDY}')
        varied = {key: run[key] for key in KEYS[1:]}
        runs.append(
            dict(
                varied,
                tau=run.get('tau'),
                **_final(osp.join(folder, run['path']))))
    return dict(runs=runs)


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
        f'{path}, found {record.get("schema", "nothing")!r}. {REMEDY}')


def _of_folder(folder: str) -> Dict[str, float]:
    tested = records_by_epoch(folder, 'class_accuracy')
    if not tested:
        raise FileNotFoundError(
            f'expected {folder}/class_accuracy/epoch_*.json, found none. The '
            'run needs the metric mmcurv.ClassFairness. ' + REMEDY)
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
