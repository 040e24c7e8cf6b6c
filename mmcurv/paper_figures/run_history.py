# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What runs wrote about their classes, epoch by epoch, in one record."""
import glob
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from mmcurv.engine.geometry_record import MEASURES
from .audited_run import history_of_audits, is_audited_run
from .records import read_record, split_name

SCHEMA = 'mmcurv.run_histories'
SCHEMA_VERSION = 1
NUMBERS = ('train_loss', 'train_objective', 'seconds', 'share_of_training')
SETTINGS = ('layer', 'options', 'max_per_class', 'subset_seed', 'num_points',
            'feature_dim')
REMEDY = (
    'Train a run that writes them, for example\n  python tools/train.py '
    'configs/geometry/resnet18_fashion-6k.py\nand give its work folder. The '
    'run needs the hook mmcurv.GeometryMonitorHook and the metric '
    'mmcurv.ClassFairness.')


def measure(paths: Sequence[str]) -> Dict[str, Any]:
    """Histories of runs, for the figures over epochs.

    Args:
        paths (Sequence[str]): Each a work folder with
            ``geometry/epoch_*.json`` and, for correlations,
            ``class_accuracy/epoch_*.json``; or what ``analyze_curvature.py
            --work-dir`` wrote, its folder or its ``run.json``; or a file that
            this function's record was written to. ``NAME=PATH`` names a run.

    Returns:
        dict: A record with ``runs``, see :func:`read_history`.

    Raises:
        FileNotFoundError: If a path has no such records, or none is given.
        ValueError: If a name is given to a file of several runs.
    """
    if not paths:
        raise FileNotFoundError(f'expected work folders of runs, got none. '
                                f'{REMEDY}')
    runs = []
    for path in paths:
        name, folder = split_name(path)
        audits = osp.join(folder, 'run.json')
        audits = audits if osp.isfile(audits) else folder
        if is_audited_run(audits):
            runs.append(history_of_audits(audits, name))
        elif osp.isfile(folder):
            runs.extend(_read_file(folder, name if folder != path else None))
        else:
            runs.append(read_history(folder, name))
    return dict(schema=SCHEMA, schema_version=SCHEMA_VERSION, runs=runs)


def read_history(folder: str, name: str) -> Dict[str, Any]:
    """One run's records of every epoch that its geometry was measured in.

    Args:
        folder (str): Work folder of the run.
        name (str): How figures call it.

    Returns:
        dict: ``epochs`` (E), ``classes``, ``accuracy`` (E, C) as fractions,
        nan in epochs and classes that were not tested, ``test_count`` (C) of
        the last evaluation, each measure (E, C), each number of the run (E),
        ``settings`` and ``split``.

    Raises:
        FileNotFoundError: If there is no record of the geometry.
    """
    geometry = records_by_epoch(folder, 'geometry')
    if not geometry:
        raise FileNotFoundError(f'expected {folder}/geometry/epoch_*.json, '
                                f'found none. {REMEDY}')
    accuracy = records_by_epoch(folder, 'class_accuracy')
    epochs = sorted(geometry)
    last = geometry[epochs[-1]]
    size = len(last['curvature'])
    history = dict(
        name=name,
        epochs=epochs,
        classes=last.get('classes') or [str(c) for c in range(size)],
        settings={key: last.get(key)
                  for key in SETTINGS},
        split=_read_split(osp.join(folder, 'split.json')),
        test_count=evaluated_counts(accuracy[max(accuracy)])
        if accuracy else None,
        accuracy=[
            class_accuracies(accuracy[e]) if e in accuracy else _nans(size)
            for e in epochs
        ])
    for key in MEASURES:
        history[key] = [_floats(geometry[e].get(key), size) for e in epochs]
    for key in NUMBERS:
        history[key] = [_floats([geometry[e].get(key)], 1)[0] for e in epochs]
    return history


def array(history: Dict[str, Any], key: str) -> np.ndarray:
    """An entry of a history as float64; what is unknown is nan.

    Args:
        history (dict): Of :func:`read_history`, also after JSON, in which
            None stands for nan.
        key (str): Such as 'curvature'.

    Returns:
        np.ndarray: Shape (E, C) or (E,).
    """
    values = np.array(history[key], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def records_by_epoch(folder: str, kind: str) -> Dict[int, Dict[str, Any]]:
    """Records of a run by the number of their epoch.

    Args:
        folder (str): Work folder of the run.
        kind (str): 'geometry' or 'class_accuracy'.

    Returns:
        dict[int, dict]: Empty if there is none.
    """
    paths = glob.glob(osp.join(glob.escape(folder), kind, 'epoch_*.json'))
    return {
        int(osp.basename(path)[len('epoch_'):-len('.json')]): read_record(path)
        for path in paths
    }


def class_accuracies(record: Dict[str, Any]) -> List[float]:
    """Accuracies (C,) as fractions of a ClassFairness record, nan if none."""
    return [
        row['correct'] /
        row['test_count'] if row['test_count'] else float('nan')
        for row in record['classes']
    ]


def evaluated_counts(record: Dict[str, Any]) -> List[int]:
    """Test images (C,) of a ClassFairness record."""
    return [row['test_count'] for row in record['classes']]


def known_array(history: Dict[str, Any], key: str) -> np.ndarray:
    """An entry of a history that a figure cannot do without.

    Args:
        history (dict): Of :func:`read_history`.
        key (str): Such as 'separation'.

    Returns:
        np.ndarray: As :func:`array`.

    Raises:
        ValueError: If the run recorded nothing of the kind.
    """
    if key in history:
        values = array(history, key)
        if np.isfinite(values).any():
            return values
    raise ValueError(
        f'expected {key!r} in the records of run {history["name"]!r}, found '
        f'it in none of {len(history["epochs"])} epochs. {REMEDY}')


def _read_file(path: str, name: Optional[str]) -> List[Dict[str, Any]]:
    record = read_record(path)
    if record.get('schema') != SCHEMA:
        raise FileNotFoundError(f'expected schema {SCHEMA!r} in {path}, got '
                                f'{record.get("schema")!r}. {REMEDY}')
    if name is None:
        return record['runs']
    if len(record['runs']) != 1:
        raise ValueError(f'expected one run in {path} to call {name!r}, found '
                         f'{len(record["runs"])}. Leave {name}= out.')
    return [dict(record['runs'][0], name=name)]


def _read_split(path: str) -> Dict[str, Any]:
    return read_record(path) if osp.isfile(path) else {}


def _floats(values, size: int) -> List[float]:
    if values is None:  # a record of an older schema
        return _nans(size)
    return [float('nan') if v is None else float(v) for v in values]


def _nans(size: int) -> List[float]:
    return [float('nan')] * size
