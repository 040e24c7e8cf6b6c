# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Time of class_curvature on 50,000 x 64 in 10 classes, against two others.

The programs take turns in one process, and the ratios are those of the
medians. The scikit-learn + numpy loop is timed on all neighbours but only on
a sample of its points, and scaled up. Distances, neighbours and Gram matrices
alone are timed as well: no exact program of this kind is faster than that.
"""
import time
from statistics import median

import numpy as np
import torch
from baselines import (numpy_point, plain_torch, products_alone,
                       sklearn_neighbors)

from mmcurv.geometry import class_curvature

CLASSES, PER_CLASS, DIM = 10, 5000, 64
SAMPLE = 200  # points of the numpy loop
ROUNDS = 5


def make_features():
    """Anisotropic Gaussian classes, float32."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(CLASSES * PER_CLASS, DIM, generator=generator)
    features = features * torch.logspace(0, -1, DIM)
    return features, torch.arange(len(features)) % CLASSES


def ours(features, labels):
    return class_curvature(features, labels, CLASSES).value


def torch_loop(features, labels):
    return torch.stack(
        [plain_torch(features[labels == c]).mean() for c in range(CLASSES)])


def products(features, labels):
    for c in range(CLASSES):
        products_alone(features[labels == c])


def numpy_loop(features, labels):
    """Seconds of the whole loop, scaled up from a sample of its points."""
    started = time.perf_counter()
    classes = [features[labels == c].numpy() for c in range(CLASSES)]
    near = [sklearn_neighbors(points) for points in classes]
    neighbors = time.perf_counter() - started
    started = time.perf_counter()
    for i in range(SAMPLE):
        numpy_point(classes[0], i, near[0][i])
    points = time.perf_counter() - started
    return neighbors + points * len(features) / SAMPLE


def seconds(function, *args):
    started = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - started, result


def main():
    features, labels = make_features()
    times = {'ours': [], 'torch': [], 'products': []}
    for round_ in range(ROUNDS + 1):
        spent, value = seconds(ours, features, labels)
        other_spent, other_value = seconds(torch_loop, features, labels)
        products_spent, _ = seconds(products, features, labels)
        if round_:  # the first is a warm-up
            times['products'].append(products_spent)
            times['ours'].append(spent)
            times['torch'].append(other_spent)
    apart = ((value - other_value) / other_value).abs().max().item()
    own, plain = median(times['ours']), median(times['torch'])
    loop = numpy_loop(features, labels)
    return dict(
        what=f'{CLASSES * PER_CLASS:,} x {DIM}, {CLASSES} classes, k = 40, '
        f'float32, {torch.get_num_threads()} threads',
        ours_seconds=own,
        ours_all_seconds=times['ours'],
        plain_torch_seconds=plain,
        plain_torch_all_seconds=times['torch'],
        products_alone_seconds=median(times['products']),
        products_alone_all_seconds=times['products'],
        sklearn_numpy_seconds=loop,
        sklearn_numpy_note=f'points scaled up from {SAMPLE}',
        plain_torch_over_ours=plain / own,
        sklearn_numpy_over_ours=loop / own,
        sklearn_numpy_over_products_alone=loop / median(times['products']),
        largest_relative_difference_to_plain_torch=apart,
        numpy=np.__version__)
