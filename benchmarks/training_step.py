# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What CR adds to a training step of ResNet-32 at batch 128.

The pool is full with CIFAR-10-LT's 12,406 images at imbalance 100. Steps
without CR and with it take turns; features come from the real network.
``refresh='all'`` is left to its own users' patience.
"""
import time
from statistics import median

import torch
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules

from mmcurv.engine.curvature.feature_tap import FeatureTap
from mmcurv.engine.curvature.step import CurvatureStep
from mmcurv.registry import MODELS

COUNTS = (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)
BATCH, ROUNDS = 128, 12
REFRESHES = ('batch', )


def make_model():
    register_all_modules()
    return MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=dict(type='mmcurv.CifarResNet', depth=32),
            neck=dict(type='mmpretrain.GlobalAveragePooling'),
            head=dict(
                type='mmpretrain.LinearClsHead',
                num_classes=len(COUNTS),
                in_channels=64)))


def make_batch(number):
    """A batch of the long-tailed set, with the numbers of its images."""
    generator = torch.Generator().manual_seed(number)
    images = torch.randperm(sum(COUNTS), generator=generator)[:BATCH]
    labels = torch.arange(len(COUNTS)).repeat_interleave(
        torch.tensor(COUNTS))[images]
    samples = []
    for image, label in zip(images.tolist(), labels.tolist()):
        sample = DataSample(metainfo=dict(sample_idx=image))
        samples.append(sample.set_gt_label(label))
    pixels = torch.randn(BATCH, 3, 32, 32, generator=generator)
    return pixels, samples


def full_step(refresh):
    """A CurvatureStep whose pool is full of random features."""
    step = CurvatureStep('skip', None, dict(refresh=refresh), None)
    step.prepare(COUNTS, None)
    labels = torch.arange(len(COUNTS)).repeat_interleave(torch.tensor(COUNTS))
    samples = [
        DataSample(metainfo=dict(sample_idx=i)).set_gt_label(c)
        for i, c in enumerate(labels.tolist())
    ]
    features = torch.randn(len(labels), 64).abs()
    step(features, samples, torch.tensor(1.), 1, False)
    step.curvature.measure_all()
    return step


def time_step(model, optimizer, batch, step):

    def add(features, samples, losses):
        term, _ = step(*features, samples, losses['loss'], 6, True)
        return {**losses, 'loss_curvature': term}

    tap = FeatureTap('head.fc', add)
    if step is not None:
        tap.attach(model)
    started = time.perf_counter()
    losses = model(batch[0], data_samples=batch[1], mode='loss')
    optimizer.zero_grad()
    sum(losses.values()).backward()
    optimizer.step()
    spent = time.perf_counter() - started
    tap.detach()
    return spent


def main():
    torch.manual_seed(0)
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9)
    steps = dict(none=None, **{r: full_step(r) for r in REFRESHES})
    times = {name: [] for name in steps}
    for number in range(ROUNDS + 2):
        batch = make_batch(number)
        for name, step in steps.items():
            spent = time_step(model, optimizer, batch, step)
            if number > 1:  # the first two warm up
                times[name].append(spent)
    without = median(times['none'])
    return dict(
        what=f'ResNet-32, batch {BATCH}, pool of {sum(COUNTS):,} x 64, '
        f'{torch.get_num_threads()} threads',
        step_seconds=without,
        **{
            f'{name}_added_share': median(times[name]) / without - 1
            for name in REFRESHES
        },
        all_seconds=times)
