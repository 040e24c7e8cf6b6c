# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Classes that do better or worse than their curvature lets expect."""
import math

import numpy as np


def off_trend(curvature: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Distance of each class from the line of accuracy over curvature.

    Args:
        curvature (np.ndarray): (C,), nan or infinite where not known.
        accuracy (np.ndarray): (C,), nan where not known.

    Returns:
        np.ndarray: (C,) residuals of the least-squares line in units of their
        standard deviation (with C - 2 degrees of freedom); positive where the
        class is better than the line. nan where either is not known, and
        everywhere if fewer than 4 classes are known or one of the two is
        constant.
    """
    known = np.isfinite(curvature) & np.isfinite(accuracy)
    z = np.full(len(curvature), math.nan)
    x, y = curvature[known], accuracy[known]
    if len(x) < 4 or not np.ptp(x) or not np.ptp(y):
        return z
    x = x / np.abs(x).max()  # squares of any unit stay finite
    x = x - x.mean()
    residual = y - y.mean() - x * (x @ y) / (x @ x)
    deviation = math.sqrt(residual @ residual / (len(x) - 2))
    if deviation > 1e-12:
        z[known] = residual / deviation
    return z
