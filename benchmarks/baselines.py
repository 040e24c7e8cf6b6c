# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class curvature as one would write it first, to be timed against."""
import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

K = 40


def plain_torch(points: torch.Tensor) -> torch.Tensor:
    """abs(det) at each point of one class: library calls, batched."""
    near = torch.cdist(points, points).topk(K + 1, largest=False).indices
    offsets = points[near[:, 1:]] - points[:, None]  # (n, k, p)
    cloud = points[near] - points[near].mean(1, keepdim=True)
    gram = cloud @ cloud.mT  # (n, k + 1, k + 1), its first eigenvalue is 0
    _, vectors = torch.linalg.eigh(gram)
    frame = cloud.mT @ vectors[:, :, [-1, -2, 1]]
    frame = frame / frame.norm(dim=1, keepdim=True)
    local = offsets @ frame
    x, y, height = local.unbind(-1)
    design = torch.stack([x * x / 2, x * y, y * y / 2], -1)
    theta = torch.linalg.lstsq(design, height[..., None]).solution[..., 0]
    hessian = theta[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    return torch.linalg.det(hessian).abs()


def products_alone(points: torch.Tensor) -> torch.Tensor:
    """What no exact route avoids: distances, topk, offsets, Gram matrices."""
    square = points.square().sum(1)
    distance = torch.addmm(square, points, points.T, alpha=-2)
    near = distance.topk(K + 1, largest=False).indices
    offsets = points[near] - points[:, None]
    return offsets @ offsets.mT


def sklearn_neighbors(points: np.ndarray) -> np.ndarray:
    """Indices of the k nearest neighbours of each point of one class."""
    tree = NearestNeighbors(n_neighbors=K + 1).fit(points)
    return tree.kneighbors(points, return_distance=False)[:, 1:]


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
