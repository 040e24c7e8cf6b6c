# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a model is right as often as it is sure."""
import math
from typing import Dict, Optional

import numpy as np

BINS = 15


def calibration(labels: np.ndarray,
                predictions: np.ndarray,
                confidence: np.ndarray,
                groups: Optional[np.ndarray] = None) -> Dict[str, dict]:
    """Reliability of the largest softmax probability, by group of classes.

    Guo et al., "On Calibration of Modern Neural Networks", 2017: bins of
    equal width, and the expected calibration error (ECE), the mean of
    abs(accuracy - confidence) over bins weighed by their samples.

    Args:
        labels (np.ndarray): (N,) int64 in [0, C).
        predictions (np.ndarray): (N,) int64.
        confidence (np.ndarray): (N,) fractions; nan is left out.
        groups (np.ndarray, optional): (C,) 'head', 'middle' or 'tail' of each
            class. Defaults to None: 'all' alone.

    Returns:
        dict: 'all' and each group that has samples, to ``ece`` (a fraction),
        ``entered`` (samples) and ``bins``: low and high end, mean confidence
        and accuracy (nan if empty) and count.
    """
    known = ~np.isnan(confidence)
    correct = labels == predictions
    found = dict(all=_reliability(correct[known], confidence[known]))
    if groups is not None:
        for group in ('head', 'middle', 'tail'):
            member = known & (groups[labels] == group)
            if member.any():
                found[group] = _reliability(correct[member],
                                            confidence[member])
    return found


def _reliability(correct: np.ndarray, confidence: np.ndarray) -> dict:
    edges = np.linspace(0, 1, BINS + 1)
    # A bin holds its upper end, so that 1 needs no bin of its own.
    place = np.clip(np.searchsorted(edges, confidence) - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    right = np.bincount(place, correct, BINS)
    sure = np.bincount(place, confidence, BINS)
    total = len(confidence)
    ece = float(np.abs(right - sure).sum() / total) if total else math.nan
    bins = [
        dict(
            low=float(edges[b]),
            high=float(edges[b + 1]),
            confidence=float(sure[b] / n) if n else math.nan,
            accuracy=float(right[b] / n) if n else math.nan,
            count=int(n)) for b, n in enumerate(count)
    ]
    return dict(bins=bins, ece=ece, entered=total)
