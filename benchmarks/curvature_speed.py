# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class curvature against what one would write first, and its memory.

50,000 x 64 in 10 classes. The programs take turns in one process. The
scikit-learn + numpy loop is timed on all neighbours but only on a sample of
its points, and scaled up. Distances, neighbours and Gram matrices alone are
timed as well: what is left of ours is frames and fits.
"""
import json
import os.path as osp
import subprocess
import sys
import time

import numpy as np
import torch
from audit_speed import peak
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from mmcurv.geometry import class_curvature

K, CLASSES, PER_CLASS, DIM = 40, 10, 5000, 64
SAMPLE = 200  # points of the numpy loop
WIDE = (10, 1281, 2048)  # classes, points of each, features: for the memory


def make_features():
    """Anisotropic Gaussian classes, float32."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(CLASSES * PER_CLASS, DIM, generator=generator)
    features = features * torch.logspace(0, -1, DIM)
    return features, torch.arange(len(features)) % CLASSES


def plain_torch(points: Tensor) -> Tensor:
    """abs(det) at each point of one class: library calls, batched."""
    near = torch.cdist(points, points).topk(K + 1, largest=False).indices
    offsets = points[near[:, 1:]] - points[:, None]  # (n, k, p)
    cloud = points[near] - points[near].mean(1, keepdim=True)
    gram = cloud @ cloud.mT  # (n, k + 1, k + 1), its first eigenvalue is 0
    _, vectors = torch.linalg.eigh(gram)
    frame = cloud.mT @ vectors[:, :, [-1, -2, 1]]
    frame = frame / frame.norm(dim=1, keepdim=True)
    x, y, height = (offsets @ frame).unbind(-1)
    design = torch.stack([x * x / 2, x * y, y * y / 2], -1)
    theta = torch.linalg.lstsq(design, height[..., None]).solution[..., 0]
    hessian = theta[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    return torch.linalg.det(hessian).abs()


def products_alone(points: Tensor) -> Tensor:
    """Distances, topk, offsets and Gram matrices of one class."""
    square = points.square().sum(1)
    distance = torch.addmm(square, points, points.T, alpha=-2)
    near = distance.topk(K + 1, largest=False).indices
    offsets = points[near] - points[:, None]
    return offsets @ offsets.mT


def numpy_point(points: np.ndarray, i: int, near: np.ndarray) -> float:
    """abs(det) at point i: PCA by SVD, least squares by lstsq."""
    cloud = np.concatenate([points[i:i + 1], points[near]])
    _, _, axes = np.linalg.svd(cloud - cloud.mean(0), full_matrices=False)
    offsets = points[near] - points[i]
    x, y = offsets @ axes[0], offsets @ axes[1]
    height = offsets @ axes[min(K, points.shape[1]) - 1]
    design = np.stack([x * x / 2, x * y, y * y / 2], 1)
    a, b, c = np.linalg.lstsq(design, height, rcond=None)[0]
    return abs(a * c - b * b)


def loop_seconds(classes):
    """Seconds of the whole loop, scaled up from a sample of its points."""
    classes = [points.numpy() for points in classes]
    started = time.perf_counter()
    near = [
        NearestNeighbors(n_neighbors=K + 1).fit(points).kneighbors(
            points, return_distance=False)[:, 1:] for points in classes
    ]
    neighbors = time.perf_counter() - started
    started = time.perf_counter()
    for i in range(SAMPLE):
        numpy_point(classes[0], i, near[0][i])
    points = time.perf_counter() - started
    return neighbors + points * CLASSES * PER_CLASS / SAMPLE


def seconds(function, *args):
    started = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - started, result


def rows():
    """One run of the comparisons, in the form of run.py."""
    features, labels = make_features()
    classes = [features[labels == c] for c in range(CLASSES)]
    class_curvature(features, labels, CLASSES)  # warms up
    products, _ = seconds(lambda: [products_alone(x) for x in classes])
    ours, found = seconds(class_curvature, features, labels, CLASSES)
    plain, other = seconds(
        lambda: torch.stack([plain_torch(x).mean() for x in classes]))
    again, _ = seconds(class_curvature, features, labels, CLASSES)
    ours = (ours + again) / 2
    torch.testing.assert_close(found.value, other, rtol=1e-2, atol=0)
    what = 'class curvature, 50,000 x 64 in 10 classes'
    added = subprocess.run(
        [sys.executable, osp.abspath(__file__)],
        check=True,
        stdout=subprocess.PIPE,
        text=True).stdout
    return [
        dict(
            what=what,
            against='a scikit-learn + numpy loop (scaled up from '
            f'{SAMPLE} points)',
            value=loop_seconds(classes) / ours,
            unit='times as fast',
            at_least=10),
        dict(
            what=what,
            against='plain torch, batched',
            value=plain / ours,
            unit='times as fast',
            at_least=2),
        dict(
            what=what,
            against='its distances, neighbours and Gram matrices alone',
            value=ours / products,
            unit='times the time'),
        dict(
            what='class curvature of 10 x 1,281 x 2,048, peak memory',
            against='the process with its features',
            value=json.loads(added) / 1e6,
            unit='MB more',
            at_most=400),
    ]


def added_memory():
    """Bytes by which the peak of this process grows."""
    classes, per_class, p = WIDE
    features = torch.randn(classes * per_class, p)
    before = peak()
    class_curvature(features, torch.arange(len(features)) % classes, classes)
    return peak() - before


if __name__ == '__main__':
    print(json.dumps(added_memory()))
