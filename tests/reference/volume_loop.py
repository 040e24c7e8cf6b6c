# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Volume of a manifold, from the eigenvalues of its covariance matrix."""
import numpy as np


def volume_loop(points, center=True):
    """1/2 log2 det(I + Z Zᵀ / n) in bits, Ma et al., section 3.2."""
    points = np.asarray(points, dtype=np.float64)
    n, p = points.shape
    if n == 0:
        return np.nan
    if center:
        points = points - points.mean(0)
    covariance = np.zeros((p, p))
    for point in points:
        covariance += np.outer(point, point) / n
    bits = 0.
    for eigenvalue in np.linalg.eigvalsh(covariance):
        bits += 0.5 * np.log2(1 + max(eigenvalue, 0))
    return bits
