# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a finished run achieved, from the records of its evaluations."""
import glob
import json
import math
import os.path as osp
import re
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from .geometry_record import pearson_or_nan, read_class_accuracy

IN_HISTORY = ('overall', 'head', 'middle', 'tail', 'variance')


def read_results(work_dir: str, unit: str,
                 last: int) -> Optional[Dict[str, Any]]:
    """Last and best evaluation of a run, with every class.

    The best evaluation has the largest ``overall``; of equal ones it is the
    first. It was chosen on the images that it is reported on.

    Args:
        work_dir (str): Work folder of the run.
        unit (str): 'epoch' or 'iter', what evaluations are numbered by.
        last (int): Number of the last one; files of later ones, which a
            longer run left behind, are not read.

    Returns:
        dict | None: ``results`` (``last`` and ``best``: the number by its
        unit, ``metrics``, ``classes_entered``), ``classes``, ``history`` and
        ``groups`` (thresholds); None if there is no evaluation.
    """
    records = [(number, record)
               for number, record in _evaluations(work_dir, unit)
               if number <= last]
    if not records:
        return None
    scores = [_number(record['metrics']['overall']) for _, record in records]
    known = [-math.inf if math.isnan(score) else score for score in scores]
    best = records[known.index(max(known))]
    final = records[-1]
    return dict(
        results=dict(last=_result(unit, *final), best=_result(unit, *best)),
        classes=_classes(final[1], best[1]),
        history={
            f'{unit}s': [number for number, _ in records],
            **{
                name: [record['metrics'][name] for _, record in records]
                for name in IN_HISTORY
            }
        },
        groups={name: final[1][name]
                for name in ('head_above', 'tail_below')})


def read_geometry(work_dir: str, unit: str,
                  last: int) -> Optional[Dict[str, Any]]:
    """Curvature of the classes after the last epoch of a run.

    Args:
        work_dir (str): Work folder of the run.
        unit (str): 'epoch' or 'iter'.
        last (int): Number of the last evaluation.

    Returns:
        dict | None: ``curvature`` and ``log_curvature`` (C,), their population
        variances over the ``entered`` classes, and Pearson's correlation of
        each with the class accuracies; None if it was not measured then.
    """
    name = f'{unit}_{last:03d}.json'
    path = osp.join(work_dir, 'geometry', name)
    if not osp.isfile(path):
        return None
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    accuracy = read_class_accuracy(osp.join(work_dir, 'class_accuracy', name))
    geometry = {
        name: record.get(name)
        for name in (unit, 'layer', 'options', 'num_points', 'feature_dim')
    }
    for name, correlation in (('curvature', 'correlation'),
                              ('log_curvature', 'log_correlation')):
        values = np.array(record[name], dtype=float)
        known = values[np.isfinite(values)]
        geometry[name] = record[name]
        geometry[f'{name}_variance'] = (
            float(known.var()) if known.size else math.nan)
        geometry['entered'] = int(known.size)
        geometry[correlation] = math.nan
        if accuracy is not None and len(accuracy) == len(values):
            geometry[correlation] = pearson_or_nan(values, accuracy)[0]
    return geometry


def _evaluations(work_dir: str, unit: str) -> List[Tuple[int, dict]]:
    found = []
    folder = osp.join(glob.escape(work_dir), 'class_accuracy')
    for path in glob.glob(osp.join(folder, f'{unit}_*.json')):
        number = re.fullmatch(rf'{unit}_(\d+)\.json', osp.basename(path))
        if number:
            with open(path, encoding='utf-8') as file:
                found.append((int(number[1]), json.load(file)))
    return sorted(found, key=lambda each: each[0])


def _result(unit: str, number: int, record: dict) -> Dict[str, Any]:
    return {
        unit: number,
        'metrics': record['metrics'],
        'classes_entered': record['classes_entered']
    }


def _classes(last: dict, best: dict) -> List[Dict[str, Any]]:
    kept = ('class', 'name', 'group', 'train_count', 'test_count')
    return [
        dict({key: row[key]
              for key in kept},
             last=row['accuracy'],
             best=other['accuracy'])
        for row, other in zip(last['classes'], best['classes'])
    ]


def _number(value: Optional[float]) -> float:
    return math.nan if value is None else float(value)
