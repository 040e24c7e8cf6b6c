# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Batches of drifting features for pools, in the tests of this folder."""
import torch

from mmcurv.regularization import FeaturePool, PooledCurvature

COUNTS = (14, 9, 12, 3, 0, 1)  # 3 are too few for m = 2, and 1 for anything

EXACT_REFRESHES = ('batch', 'all')  # without a draw


def owners(counts=COUNTS):
    """Class of each image, in a mixed order."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    generator = torch.Generator().manual_seed(7)
    return labels[torch.randperm(len(labels), generator=generator)]


class Drift:
    """Features of all images, which move a little at every draw."""

    def __init__(self, n, p=5, dtype=torch.float64, seed=0):
        self.generator = torch.Generator().manual_seed(seed)
        self.dtype = dtype
        self.features = self.noise(n, p)

    def noise(self, *shape):
        noise = torch.randn(
            *shape, generator=self.generator, dtype=torch.float64)
        return noise.to(self.dtype)

    def batch(self, size):
        """Numbers of random images and their new features."""
        n = len(self.features)
        images = torch.randperm(n, generator=self.generator)[:size]
        moved = self.features[images] + 0.1 * self.noise(
            size, self.features.shape[1])
        self.features[images] = moved
        return images, moved


def pooled(counts=COUNTS, p=5, k=6, pool=None, **options):
    """An empty pool and its curvature."""
    pool = FeaturePool(counts, p,
                       **dict(dict(dtype=torch.float64), **(pool or {})))
    return PooledCurvature(pool, k=k, **options)


def filled(features, labels, **options):
    """A curvature whose pool holds the given features, one per image."""
    counts = torch.bincount(labels, minlength=len(COUNTS)).tolist()
    options.setdefault('pool', {}).setdefault('dtype', features.dtype)
    curvature = pooled(counts, features.shape[1], **options)
    curvature.push(features, labels, torch.arange(len(labels)))
    return curvature
