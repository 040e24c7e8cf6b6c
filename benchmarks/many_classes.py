# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A step of CR with 8,142 classes, against one with 100.

Both have features of 2,048 numbers, a batch of 256 and a full pool; the sizes
of the classes fall exponentially, as those of CIFAR-100-LT at imbalance 100,
and from 1,000 to 2 with about as many images as iNaturalist 2018. Where the
time goes is told by functions, each with what it calls.
"""
import cProfile
import pstats
import time

import torch

from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature)

WIDTH, BATCH, ROUNDS, WARM_UP = 2048, 256, 8, 2
# Classes, images in the largest and in the smallest, images of all.
SETS = {'100': (100, 500, 5, 10847), '8142': (8142, 1000, 2, 437513)}
# Functions of one step that do not contain each other.
PARTS = {
    'places': 'plan',
    'neighbours': '_nearest_in_class',
    'fit': 'curvature_of_offsets',
    'class_means': 'reduce_by_class',
    'storing': 'push',
    'backward': 'run_backward',
}


def class_sizes(classes, largest, smallest, images):
    """Sizes that fall exponentially and add up to about ``images``."""
    ratio = (smallest / largest)**(1 / (classes - 1))
    sizes = torch.tensor([largest * ratio**c for c in range(classes)])
    sizes = sizes * images / sizes.sum()
    return sizes.round().long().clamp_min(smallest).tolist()


def full_curvature(counts):
    """A PooledCurvature that holds and has measured every image."""
    pool = FeaturePool(counts, WIDTH)
    images = torch.arange(sum(counts))
    pool.features.normal_().abs_()
    pool.image.copy_(images)
    pool.slot.copy_(images)
    pool.arrived.copy_(pool.capacity)
    curvature = PooledCurvature(pool, live='batch')
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


def shares(profile):
    """Part of the step that each function takes, with what it calls."""
    found = pstats.Stats(profile).stats
    spent = {key[2]: row[3] for key, row in found.items()}
    names = {name: name for name in spent}
    names.update({
        name.strip('<>{}').split("'")[1]: name
        for name in spent if "'" in name
    })
    whole = spent[names['step']]
    return {
        f'share_{part}': spent[names[function]] / whole
        for part, function in PARTS.items()
    }


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
        profile = cProfile.Profile()
        profile.runcall(step, curvature, loss, next(stream))
        result[f'seconds_of_{name}_classes'] = min(times[name])
        result.update({
            f'{key}_of_{name}_classes': share
            for key, share in shares(profile).items()
        })
    return dict(
        what=f'pool full, {WIDTH} features, batch {BATCH}, '
        f'{torch.get_num_threads()} threads',
        many_over_few=min(times['8142']) / min(times['100']),
        **result,
        all_seconds=times)
