# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a paired difference is clear, and which way it goes.

A sign alone says little: of two equal methods one is always ahead. A
difference is clear if its interval excludes 0 and its p-value, corrected by
Holm for the number of comparisons, is at most ``LEVEL``.
"""
from typing import Dict, List, Sequence

import numpy as np

from mmcurv.audit.report.numbers import is_known

LEVEL = 0.05
BETTER, WORSE = 'clearly better', 'clearly worse'
HIGHER, LOWER = 'clearly higher', 'clearly lower'
UNCORRECTED = 'only before correction'
UNCLEAR = 'not clear'
NO_TEST = 'no test'
UNKNOWN = 'not known'
CLEAR = (BETTER, WORSE, HIGHER, LOWER)
OUTCOMES = CLEAR + (UNCORRECTED, UNCLEAR, NO_TEST, UNKNOWN)


def outcome(difference: dict, better: int) -> str:
    """Say what a paired difference tells.

    Args:
        difference (dict): Entry of a pair of a summary: ``difference``,
            ``low``, ``high``, ``p_holm``.
        better (int): 1 if more is better, -1 if less is, 0 if neither.

    Returns:
        str: One of ``OUTCOMES``; 'no test' if fewer than two seeds have both
        runs or all differences are equal, 'not known' if no seed has both.
    """
    if not is_known(difference.get('difference')):
        return UNKNOWN
    low, high = difference.get('low'), difference.get('high')
    if not (is_known(low) and is_known(high)):
        return NO_TEST
    if low <= 0 <= high:
        return UNCLEAR
    corrected = difference.get('p_holm')
    if not is_known(corrected):
        return NO_TEST
    if corrected > LEVEL:
        return UNCORRECTED
    sign = 1 if low > 0 else -1
    if better == 0:
        return HIGHER if sign > 0 else LOWER
    return BETTER if sign == better else WORSE


def count_outcomes(differences: Sequence[dict], better: int) -> Dict[str, int]:
    """How many differences have each outcome.

    Args:
        differences (Sequence[dict]): Of one metric.
        better (int): As of :func:`outcome`.

    Returns:
        dict: Every one of ``OUTCOMES`` to a number.
    """
    found: List[str] = [outcome(entry, better) for entry in differences]
    return {name: found.count(name) for name in OUTCOMES}


def reach(differences: Sequence[dict]) -> float:
    """How far a drawing of differences has to go on both sides of 0.

    The interval of two seeds can be a hundred times as long as that of three,
    and a training that collapsed lies far from all others. Beside them
    nothing could be seen, so up to a tenth of the ends may lie outside.

    Args:
        differences (Sequence[dict]): Of one metric.

    Returns:
        float: Above 0. Few differences are all inside with their intervals.
    """
    ends = np.abs([
        entry[key] for entry in differences
        for key in ('low', 'difference', 'high') if is_known(entry.get(key))
    ])
    if not ends.size:
        return 1.
    return 1.06 * float(np.quantile(ends, 0.9, method='higher')) or 1.
