# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A step of CR with 8,142 classes, against one with 100.

Both have features of 2,048 numbers, a batch of 256 and a full pool; the sizes
of the classes fall exponentially, as those of CIFAR-100-LT at imbalance 100,
and from 1,000 to 2 with about as many images as iNaturalist 2018. Where the
time goes is told by the parts of step_parts.py.
"""
import time

import torch
from step_parts import timed_parts

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


def shares(seconds):
    """Part of the step that each part takes."""
    whole = sum(seconds.values())
    return {f'share_{part}': own / whole for part, own in seconds.items()}


def main():
    loss = CurvatureRegularization()
    times, result = {}, {}
    for name, numbers in SETS.items():
        counts = class_sizes(*numbers)
        curvature = full_curvature(counts)
        labels = torch.arange(len(counts)).repeat_interleave(
            torch.tensor(counts))
        stream = batches(labels)
        times[name] = []
        for _ in range(WARM_UP + ROUNDS):
            batch = next(stream)
            started = time.perf_counter()
            step(curvature, loss, batch)
            times[name].append(time.perf_counter() - started)
        times[name] = times[name][WARM_UP:]
        batch = next(stream)
        with timed_parts() as seconds:
            step(curvature, loss, batch)
        result[f'seconds_of_{name}_classes'] = min(times[name])
        result.update({
            f'{key}_of_{name}_classes': share
            for key, share in shares(seconds).items()
        })
    return dict(
        what=f'pool full, {WIDTH} features, batch {BATCH}, '
        f'{torch.get_num_threads()} threads',
        many_over_few=min(times['8142']) / min(times['100']),
        **result,
        all_seconds=times)
