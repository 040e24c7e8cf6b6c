# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Nearest neighbours, one point and one distance at a time."""
import numpy as np


def knn_loop(points, k):
    """Indices (n, k): nearest first, ties by index, never the point itself."""
    points = np.asarray(points, dtype=np.float64)
    neighbors = []
    for i, point in enumerate(points):
        distances = [(float(np.sum((other - point)**2)), j)
                     for j, other in enumerate(points) if j != i]
        neighbors.append([j for _, j in sorted(distances)[:k]])
    return np.array(neighbors, dtype=np.int64)
