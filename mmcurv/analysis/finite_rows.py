# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Samples whose features hold NaN or infinity: counted and named."""
from typing import List, Sequence

import numpy as np

from .reopened import reopened

CHUNK_VALUES = 1 << 22  # per pass over a memory map: 16 MiB of float32
NAMED = 5


def finite_rows(features: np.ndarray) -> np.ndarray:
    """Whether all features of each sample are finite.

    Args:
        features (np.ndarray): (N, p); may be a memory map, which is read in
            chunks.

    Returns:
        np.ndarray: (N,) bool.
    """
    finite = np.ones(len(features), bool)
    step = max(1, CHUNK_VALUES // max(1, features.shape[1]))
    for start in range(0, len(features), step):
        chunk = reopened(features)[start:start + step]
        finite[start:start + step] = np.isfinite(chunk).all(1)
    return finite


def check_finite(finite: np.ndarray, labels: np.ndarray,
                 class_names: Sequence[str]) -> None:
    """Raise ValueError that counts the samples that are not finite.

    Args:
        finite (np.ndarray): (N,) bool.
        labels (np.ndarray): (N,) int64.
        class_names (Sequence[str]): C names.
    """
    if finite.all():
        return
    raise ValueError(
        f'features: {describe_unusable(finite, labels, class_names)}. Find '
        'out where they come from (an overflow in half precision is the '
        'usual source), or leave these samples out with --drop-nan '
        '(drop_nan=True).')


def describe_unusable(finite: np.ndarray, labels: np.ndarray,
                      class_names: Sequence[str]) -> str:
    """'7 of 900 samples hold NaN or infinity, in 1 class: cat (7)'."""
    bad = labels[~finite]
    count = np.bincount(bad, minlength=len(class_names))
    worst = np.argsort(-count, kind='stable')
    worst = worst[count[worst] > 0]
    named = ', '.join(f'{class_names[c]} ({count[c]})' for c in worst[:NAMED])
    more = f' and {len(worst) - NAMED} more' if len(worst) > NAMED else ''
    classes = 'class' if len(worst) == 1 else 'classes'
    return (f'{len(bad)} of {len(labels)} samples hold NaN or infinity, in '
            f'{len(worst)} {classes}: {named}{more}')


def classes_unusable(finite: np.ndarray, labels: np.ndarray) -> List[int]:
    """Classes that have a sample that is not finite, ascending."""
    return np.unique(labels[~finite]).tolist()
