# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class accuracies and geometry over the epochs of a training run."""
import glob
import json
import os.path as osp
from typing import List, NamedTuple

import numpy as np


class RunRecord(NamedTuple):
    """What a run wrote about its classes.

    Attributes:
        epochs (np.ndarray): Shape (E,), epochs with both records.
        classes (list[str]): Names, C long.
        train_counts (np.ndarray): Shape (C,), training images.
        test_counts (np.ndarray): Shape (C,), test images.
        accuracy (np.ndarray): Shape (E, C), fractions; nan where a class has
            no test image.
        curvature (np.ndarray): Shape (E, C); nan where it is not determined.
    """
    epochs: np.ndarray
    classes: List[str]
    train_counts: np.ndarray
    test_counts: np.ndarray
    accuracy: np.ndarray
    curvature: np.ndarray


def read_run(folder: str) -> RunRecord:
    """Read the records of ClassFairness and GeometryMonitorHook.

    Args:
        folder (str): Work folder of a run.

    Returns:
        RunRecord: Epochs that have both.

    Raises:
        FileNotFoundError: If there is no epoch with both.
    """
    accuracy = _by_epoch(folder, 'class_accuracy')
    geometry = _by_epoch(folder, 'geometry')
    epochs = sorted(accuracy.keys() & geometry.keys())
    if not epochs:
        raise FileNotFoundError(
            f'expected records of the same epoch in {folder}/class_accuracy '
            f'and {folder}/geometry, found {len(accuracy)} and '
            f'{len(geometry)}. The run needs the metric mmcurv.ClassFairness '
            'and the hook mmcurv.GeometryMonitorHook.')
    last = accuracy[epochs[-1]]['classes']
    return RunRecord(
        epochs=np.array(epochs),
        classes=[str(row['name']) for row in last],
        train_counts=_column(last, 'train_count'),
        test_counts=_column(last, 'test_count'),
        accuracy=np.stack([_accuracy(accuracy[e]['classes']) for e in epochs]),
        curvature=np.stack(
            [np.array(geometry[e]['curvature'], dtype=float) for e in epochs]))


def _by_epoch(folder: str, kind: str) -> dict:
    records = {}
    for path in glob.glob(osp.join(glob.escape(folder), kind, 'epoch_*.json')):
        with open(path, encoding='utf-8') as file:
            epoch = int(osp.basename(path)[len('epoch_'):-len('.json')])
            records[epoch] = json.load(file)
    return records


def _accuracy(rows: list) -> np.ndarray:
    total = _column(rows, 'test_count')
    with np.errstate(invalid='ignore'):  # 0 / 0 is nan: not tested
        return _column(rows, 'correct') / total


def _column(rows: list, key: str) -> np.ndarray:
    return np.array([row[key] for row in rows], dtype=float)
