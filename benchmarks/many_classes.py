# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A step of CR with 8,142 classes, against one with 100.

Both have features of 2,048 numbers, a batch of 256 and a full pool; the sizes
of the classes fall exponentially, as those of CIFAR-100-LT at imbalance 100,
and from 1,000 to 2 with about as many images as iNaturalist 2018.
"""
import time

import torch

from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature)

WIDTH, BATCH, ROUNDS, WARM_UP = 2048, 256, 8, 2
# Classes, images in the largest and in the smallest, images of all.
SETS = {'100': (100, 500, 5, 10847), '8142': (8142, 1000, 2, 437513)}


def class_sizes(classes, largest, smallest, images):
    """Sizes that fall exponentially and add up to about ``images``."""
    ratio = (smallest / largest)**(1 / (classes - 1))
    sizes = torch.tensor([largest * ratio**c for c in range(classes)])
    sizes = sizes * images / sizes.sum()
    return sizes.round().long().clamp_min(smallest).tolist()


def full_pool(counts):
    """A FeaturePool that holds every image."""
    pool = FeaturePool(counts, WIDTH)
    images = torch.arange(sum(counts))
    pool.features.normal_().abs_()
    pool.image.copy_(images)
    pool.slot.copy_(images)
    pool.arrived.copy_(pool.capacity)
    return pool


def full_curvature(counts):
    """A PooledCurvature that holds and has measured every image."""
    curvature = PooledCurvature(full_pool(counts), live='batch')
    curvature.log_curvature.normal_()
    curvature.primed.fill_(True)
    return curvature


def batches(labels):
    """Random features and images, without end."""
    generator = torch.Generator().manual_seed(0)
    while True:
        images = torch.randint(len(labels), (BATCH, ), generator=generator)
        features = torch.randn(BATCH, WIDTH, generator=generator).abs()
        yield features.requires_grad_(), labels[images], images


def step(curvature, loss, batch):
    term = loss(curvature(*batch), torch.tensor(1.), 10)
    term.backward()
    curvature.push(*batch)


def rows():
    """One run, in the form of run.py."""
    loss, least = CurvatureRegularization(), {}
    for name, numbers in SETS.items():
        counts = class_sizes(*numbers)
        curvature = full_curvature(counts)
        labels = torch.arange(len(counts)).repeat_interleave(
            torch.tensor(counts))
        stream, times = batches(labels), []
        for _ in range(WARM_UP + ROUNDS):
            batch = next(stream)
            started = time.perf_counter()
            step(curvature, loss, batch)
            times.append(time.perf_counter() - started)
        least[name] = min(times[WARM_UP:])
    return [
        dict(
            what='a step of CR with 8,142 classes of 437,513 x 2,048, batch '
            f'{BATCH}',
            against='100 classes of 10,847 x 2,048',
            value=least['8142'] / least['100'],
            unit='times the time',
            at_most=3)
    ]
