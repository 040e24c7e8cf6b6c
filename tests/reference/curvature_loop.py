# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature of a point cloud, one point at a time: Algorithm 3 of Ma et al.,
with the departures that the package names.

Split in two, so that gradients can be checked with the frames held fixed:
:func:`frame_loop` finds neighbours, tangents and normal of one point,
:func:`fit_loop` fits the quadric in a given frame.
"""
import numpy as np

from .knn_loop import knn_loop


def frame_loop(points, i, neighbors, m, normal='smallest', tolerance=1e-10):
    """Tangent basis (p, m) and normal (p,) at point i; see the returns.

    Returns None where the neighbourhood spans less than m dimensions, and a
    zero normal where it spans exactly m.
    """
    cloud = points[[i, *neighbors]]
    cloud = cloud - cloud.mean(0)
    values, vectors = np.linalg.eigh(cloud.T @ cloud / len(neighbors))
    values, vectors = values[::-1], vectors[:, ::-1]  # largest first
    rank = int(np.sum(values > tolerance * values[0])) if values[0] > 0 else 0
    if rank < m:
        return None
    if rank == m:
        return vectors[:, :m], np.zeros(points.shape[1])
    pick = rank - 1 if normal == 'smallest' else m
    return vectors[:, :m], vectors[:, pick]


def quadric_columns(tangent, fit):
    """Design matrix (k, q) of the quadric's coefficients, for one fit."""
    m = tangent.shape[1]
    columns = []
    for a in range(m):
        for b in range(m if fit == 'paper' else a + 1):
            column = tangent[:, a] * tangent[:, b]
            # Orthonormal in the Frobenius norm: an off-diagonal entry of a
            # symmetric matrix is there twice.
            twice = fit != 'paper' and a != b
            columns.append(column * np.sqrt(2) if twice else column)
    return np.stack(columns, 1)


def fit_loop(points, i, neighbors, frame, fit='ridge', ridge=0., half=True):
    """Fit the quadric at point i in a given frame.

    Returns:
        tuple: theta (m, m), relative residual, condition number of the
        design matrix without duplicate columns.
    """
    tangents, normal = frame
    m = tangents.shape[1]
    offsets = points[neighbors] - points[i]  # (k, p)
    design = quadric_columns(offsets @ tangents, fit)  # (k, q)
    heights = offsets @ normal  # (k,)
    if fit == 'ridge':
        gram = design.T @ design
        gram += ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
        solution = np.linalg.solve(gram, design.T @ heights)
    else:
        solution = np.linalg.pinv(design, rcond=1e-12) @ heights
    theta = np.zeros((m, m))
    entries = iter(solution)
    for a in range(m):
        for b in range(m if fit == 'paper' else a + 1):
            entry = next(entries)
            if fit == 'paper':
                theta[a, b] = entry
            else:
                theta[a, b] = theta[b, a] = (
                    entry if a == b else entry / np.sqrt(2))
    misfit = np.linalg.norm(design @ solution - heights)
    size = np.linalg.norm(heights)
    return (theta * (2 if half else 1), misfit / size if size > 0 else 0.,
            np.linalg.cond(quadric_columns(offsets @ tangents, 'symmetric')))


def curvature_loop(points,
                   k=40,
                   tangent_dim=2,
                   normal='smallest',
                   fit='ridge',
                   ridge=0.,
                   half=True):
    """Curvature at every point.

    Returns:
        dict: Arrays (n,) det, log_abs_det, sign, residual and condition; nan
        where the points are too few or span too little.
    """
    points = np.asarray(points, dtype=np.float64)
    n, k = len(points), min(k, len(points) - 1)
    names = ['det', 'log_abs_det', 'sign', 'residual', 'condition']
    out = {name: np.full(n, np.nan) for name in names}
    if k < max(tangent_dim * (tangent_dim + 1) // 2, tangent_dim + 1):
        return out
    for i, neighbors in enumerate(knn_loop(points, k)):
        frame = frame_loop(points, i, neighbors, tangent_dim, normal)
        if frame is None:
            continue
        theta, residual, condition = fit_loop(points, i, neighbors, frame, fit,
                                              ridge, half)
        det = np.linalg.det(theta)
        out['det'][i] = det
        out['log_abs_det'][i] = np.log(abs(det)) if det else -np.inf
        out['sign'][i] = np.sign(det)
        out['residual'][i] = residual
        out['condition'][i] = condition
    return out
