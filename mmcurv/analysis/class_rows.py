# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One row per class: what an audit says about it."""
import math
from typing import Dict, List, Optional, Sequence

import numpy as np

from mmcurv.fairness import group_names
from .audit_options import AuditOptions
from .class_scores import ClassScores
from .confusions import Confusion, top_of_each_class
from .manifold_pairs import ManifoldPairs
from .off_trend import off_trend


def class_rows(geometry: Sequence[Dict[str, float]], scores: ClassScores,
               class_names: Sequence[str], train_counts: Optional[np.ndarray],
               found: List[Confusion], pairs: ManifoldPairs,
               options: AuditOptions) -> List[dict]:
    """Rows of all classes, in the order of the classes.

    Args:
        geometry (Sequence[dict]): C measures, of
            :func:`~mmcurv.analysis.measure_classes.measure_classes`.
        scores (ClassScores): Of C classes.
        class_names (Sequence[str]): C raw names.
        train_counts (np.ndarray, optional): (C,) training images.
        found (list[Confusion]): All confusions, the most frequent first.
        pairs (ManifoldPairs): Separation of pairs.
        options (AuditOptions): Thresholds of the groups.

    Returns:
        list[dict]: ``classes`` of the audit record.
    """
    size = len(class_names)
    groups = [None] * size
    if train_counts is not None:
        groups = group_names(train_counts, options.head_above,
                             options.tail_below).tolist()
    curvature = np.array([row['curvature'] for row in geometry], float)
    log_curvature = np.array([row['log_curvature'] for row in geometry], float)
    rank = _ranks(log_curvature)
    residual = off_trend(curvature, scores.accuracy)
    top, nearest = top_of_each_class(found), pairs.nearest(size)
    rows = []
    for c, measures in enumerate(geometry):
        row = {'class': c, 'name': class_names[c]}
        row.update(
            train_count=None if train_counts is None else int(train_counts[c]),
            test_count=None if scores.count is None else int(scores.count[c]),
            correct=None if scores.correct is None else int(scores.correct[c]),
            accuracy=float(scores.accuracy[c]),
            wilson_low=float(scores.low[c]),
            wilson_high=float(scores.high[c]),
            group=groups[c],
            **measures)
        row.update(
            curvature_rank=rank[c],
            top_confusion=_top_confusion(top.get(c), class_names),
            nearest_manifold=_nearest(nearest[c], class_names),
            off_trend=None if math.isnan(residual[c]) else float(residual[c]))
        rows.append(row)
    return rows


def confusion_rows(found: Sequence[Confusion], pairs: ManifoldPairs,
                   class_names: Sequence[str]) -> List[dict]:
    """``confusions`` of the audit record.

    Args:
        found (Sequence[Confusion]): Those to list.
        pairs (ManifoldPairs): Separation of pairs.
        class_names (Sequence[str]): C raw names.

    Returns:
        list[dict]: The separation is that of the true class from the
        predicted one; nan where it was not measured.
    """
    return [
        dict(
            true=pair.true,
            predicted=pair.predicted,
            true_name=class_names[pair.true],
            predicted_name=class_names[pair.predicted],
            count=pair.count,
            share=pair.share,
            separation=pairs.separation.get((pair.true, pair.predicted),
                                            math.nan)) for pair in found
    ]


def columns_of(rows: Sequence[dict],
               names: Sequence[str]) -> Dict[str, np.ndarray]:
    """Columns of ``classes`` that are known for any class, (C,) float64."""
    columns = {}
    for name in names:
        key = 'train_count' if name == 'train_count' else name
        values = [row[key] for row in rows]
        if any(value is not None for value in values):
            columns[name] = np.array(values, np.float64)  # None becomes nan
    return columns


def _ranks(log_curvature: np.ndarray) -> List[Optional[int]]:
    """1 for the most curved class; None where it is not known."""
    ranks = [None] * len(log_curvature)
    known = np.flatnonzero(~np.isnan(log_curvature))
    order = known[np.argsort(-log_curvature[known], kind='stable')]
    for place, c in enumerate(order.tolist()):
        ranks[c] = place + 1
    return ranks


def _top_confusion(found: Optional[Confusion],
                   class_names: Sequence[str]) -> Optional[dict]:
    if found is None:
        return None
    return {
        'class': found.predicted,
        'name': class_names[found.predicted],
        'count': found.count,
        'share': found.share
    }


def _nearest(found: Optional[tuple],
             class_names: Sequence[str]) -> Optional[dict]:
    if found is None:
        return None
    other, separation = found
    return {
        'class': other,
        'name': class_names[other],
        'separation': separation
    }
