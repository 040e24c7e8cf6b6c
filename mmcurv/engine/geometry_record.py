# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is written about the class manifolds at one moment of training."""
import json
import os.path as osp
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
from torch import Tensor

from mmcurv.fairness import pearson
from mmcurv.geometry import (class_curvature, class_volume, mean_radius,
                             separation_degree)

MEASURES = ('curvature', 'log_curvature', 'separation', 'volume', 'radius')


def measure_classes(features: Tensor, labels: Tensor, num_classes: int,
                    options: Dict[str, Any]) -> Dict[str, Any]:
    """Curvature, separation, volume and mean radius of every class manifold.

    The imbalance of a measure is its population variance over the classes
    (Fig. 9 of the paper shows it for the curvature).

    Args:
        features (Tensor): Shape (N, p).
        labels (Tensor): Shape (N,), in [0, C).
        num_classes (int): C.
        options (dict): Of :func:`~mmcurv.geometry.class_curvature`.

    Returns:
        dict: Lists of C values, nan where a class has none, and ``mean`` and
        ``imbalance`` of each measure with ``entered``, the number of classes
        behind them.
    """
    result = class_curvature(features, labels, num_classes, **options)
    values = dict(
        count=result.count.tolist(),
        points_used=result.points_used.tolist(),
        curvature=result.value.tolist(),
        log_curvature=result.log_value.tolist(),
        separation=separation_degree(features, labels, num_classes).tolist(),
        volume=class_volume(features, labels, num_classes).tolist(),
        radius=[
            mean_radius(features[labels == c]).item()
            for c in range(num_classes)
        ])
    for kind in ('mean', 'imbalance', 'entered'):
        values[kind] = {}
    for name in MEASURES:
        known = np.array(values[name], dtype=float)
        known = known[np.isfinite(known)]
        some = known.size > 0
        values['mean'][name] = float(known.mean()) if some else float('nan')
        values['imbalance'][name] = float(
            known.var()) if some else float('nan')
        values['entered'][name] = int(known.size)
    return values


def correlate(record: Dict[str, Any],
              accuracy: np.ndarray) -> Dict[str, Dict[str, Any]]:
    """Correlation of each measure with the class accuracies.

    Args:
        record (dict): Of :func:`measure_classes`.
        accuracy (np.ndarray): Shape (C,), nan where a class was not tested.

    Returns:
        dict: Measure to ``pearson`` and ``entered``, see
        :func:`pearson_or_nan`.
    """
    return {
        name:
        dict(
            zip(('pearson', 'entered'), pearson_or_nan(record[name],
                                                       accuracy)))
        for name in MEASURES
    }


def pearson_or_nan(values: Sequence[float],
                   accuracy: Sequence[float]) -> Tuple[float, int]:
    """Pearson's correlation over the classes for which both are finite.

    Args:
        values (Sequence[float]): Shape (C,); the log of a flat class is
            infinite.
        accuracy (Sequence[float]): Shape (C,).

    Returns:
        tuple: The correlation, nan if fewer than three classes enter or one
        of the two is constant, and the number of classes that entered.
    """
    both = np.array([values, accuracy], dtype=float)  # (2, C)
    both = both[:, np.isfinite(both).all(0)]
    entered = both.shape[1]
    if entered < 3 or (np.ptp(both, axis=1) == 0).any():
        return float('nan'), entered
    return pearson(*both, permutations=0, resamples=0).value, entered


def read_class_accuracy(path: str) -> Optional[np.ndarray]:
    """Class accuracies as fractions, (C,), of a ClassFairness record.

    Args:
        path (str): Path of its JSON file.

    Returns:
        np.ndarray | None: nan where a class has no test image; None if there
        is no such file.
    """
    if not osp.isfile(path):
        return None
    with open(path, encoding='utf-8') as file:
        rows = json.load(file)['classes']
    correct, total = (
        np.array([row[key] for row in rows], dtype=float)
        for key in ('correct', 'test_count'))
    return np.where(total > 0, correct / np.maximum(total, 1), np.nan)
