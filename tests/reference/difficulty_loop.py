# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Measures of class difficulty, one point and one neighbour at a time."""
import math

import numpy as np

from tests.reference.knn_loop import knn_loop


def purity_loop(features, labels, num_classes, k):
    around = knn_loop(features, min(k, len(features) - 1))
    shares = [[] for _ in range(num_classes)]
    for i, own in enumerate(labels):
        same = sum(labels[j] == own for j in around[i])
        shares[own].append(same / len(around[i]))
    return [np.mean(share) if share else math.nan for share in shares]


def _classes(features, labels, num_classes):
    features = np.asarray(features, dtype=np.float64)
    return [features[np.asarray(labels) == c] for c in range(num_classes)]


def relative_spread_loop(features, labels, num_classes, k):
    clouds = _classes(features, labels, num_classes)
    values = []
    for c, cloud in enumerate(clouds):
        if len(cloud) < 2:
            values.append(math.nan)
            continue
        around = knn_loop(cloud, min(k, len(cloud) - 1))
        total = 0.
        for i, point in enumerate(cloud):
            spread = np.mean(
                [np.sum((point - cloud[j])**2) for j in around[i]])
            nearest = min(
                np.sum((point - other.mean(0))**2)
                for d, other in enumerate(clouds) if d != c and len(other))
            total += spread / nearest
        values.append(math.log(total / len(cloud)))
    return values


def local_spread_loop(features, labels, num_classes, k):
    values = []
    for cloud in _classes(features, labels, num_classes):
        if len(cloud) < 2:
            values.append(math.nan)
            continue
        around = knn_loop(cloud, min(k, len(cloud) - 1))
        squares = [
            np.sum((point - cloud[j])**2) for i, point in enumerate(cloud)
            for j in around[i]
        ]
        values.append(math.log(np.mean(squares)))
    return values


def _local(cloud, near):
    """Eigenvalues, descending, and directions of points about their mean."""
    points = cloud[near] - cloud[near].mean(0)
    values, vectors = np.linalg.eigh(points.T @ points)
    return values[::-1], vectors[:, ::-1]


def variation_loops(features, labels, num_classes, k, m):
    """Tangent and surface variation of each class."""
    tangent, surface = [], []
    for cloud in _classes(features, labels, num_classes):
        around = knn_loop(cloud, min(k, len(cloud) - 1))
        parts = [_local(cloud, [i, *near]) for i, near in enumerate(around)]
        sines = []
        for i, near in enumerate(around):
            for j in near:
                cosines = np.linalg.svd(
                    parts[i][1][:, :m].T @ parts[j][1][:, :m],
                    compute_uv=False)
                sines.append(np.mean(1 - cosines**2))
        tangent.append(np.mean(sines))
        surface.append(
            np.mean([values[m:].sum() / values.sum() for values, _ in parts]))
    return tangent, surface
