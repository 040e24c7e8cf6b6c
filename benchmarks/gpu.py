# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What CR adds to a training step on a GPU, in about two minutes.

Two shapes are trained on random images: ResNet-32 on CIFAR-100-LT at
imbalance 100, and ResNeXt-50 on ImageNet-LT, whose 115,846 features of 2,048
numbers fill the pool. A step is the forward pass with its losses, the
backward pass and that of the optimizer. Steps with CR and without it take
turns, and each ends only when the GPU is done. Calls that make the host wait
for the GPU are counted as torch finds them.
"""
import argparse
import json
import os.path as osp
import time
import warnings
from collections import defaultdict
from statistics import median
from typing import NamedTuple, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from rich.console import Console
from rich.table import Table

import mmcurv.models  # noqa: F401
from mmcurv.datasets import long_tailed_counts
from mmcurv.engine.curvature.feature_tap import FeatureTap
from mmcurv.engine.curvature.step import CurvatureStep
from mmcurv.engine.provenance import machine, package_versions

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
CONFIGS = osp.join(ROOT, 'configs', 'ce')
IMAGENET_LT = osp.join(ROOT, 'mmcurv', 'data', 'imagenet_lt_class_counts.csv')
WARM_UP = 3


class Shape(NamedTuple):
    """A network and a training set."""
    model: str  # of configs/ce
    image: Tuple[int, int, int]
    batch: int
    counts: Tuple[int, ...]  # images of each class
    steps: int


def shapes():
    """Name to Shape."""
    with open(IMAGENET_LT) as file:
        rows = [line.split(',') for line in file.read().split()[1:]]
    return {
        'ResNet-32, CIFAR-100-LT':
        Shape('ce_resnet32_cifar100-lt-if100', (3, 32, 32), 128,
              tuple(long_tailed_counts([500] * 100, 100)), 50),
        'ResNeXt-50, ImageNet-LT':
        Shape('ce_resnext50_imagenet-lt', (3, 224, 224), 64,
              tuple(int(row[-1]) for row in rows), 15),
    }


def make_model(shape, device):
    """The model and its optimizer."""
    init_default_scope('mmpretrain')
    model = Config.fromfile(osp.join(CONFIGS, f'{shape.model}.py')).model
    model.head.num_classes = len(shape.counts)
    model = MODELS.build(model).to(device).train()
    return model, torch.optim.SGD(model.parameters(), 0.01, 0.9)


def full_step(shape, width, device):
    """A CurvatureStep whose pool is full of random features."""
    step = CurvatureStep('skip', None, {}, None)
    step.prepare(shape.counts, None)
    labels = torch.arange(len(shape.counts)).repeat_interleave(
        torch.tensor(shape.counts))
    one = [sample(0, labels[0])]
    step(torch.rand(1, width, device=device), one, torch.tensor(1.), 1, False)
    pool, images = step.curvature.pool, torch.arange(len(labels))
    pool.features.uniform_()
    pool.image.copy_(images)
    pool.slot.copy_(images)
    pool.arrived.copy_(pool.capacity)
    step.curvature.log_curvature.normal_()  # as if all were measured
    step.curvature.primed.fill_(True)
    return step, labels


def sample(image, label):
    """What a data pipeline says of an image."""
    return DataSample(metainfo=dict(sample_idx=int(image))).set_gt_label(label)


def batches(shape, labels, device):
    """Random images, and numbers of images drawn as an epoch draws them."""
    generator = torch.Generator().manual_seed(0)
    while True:
        order = torch.randperm(len(labels), generator=generator)
        for images in order.split(shape.batch):
            pixels = torch.randn(
                len(images), *shape.image, generator=generator)
            samples = [
                sample(i, label).to(device)
                for i, label in zip(images.tolist(), labels[images])
            ]
            yield pixels.to(device), samples


def wait(device):
    """Until the device has done all it was asked to."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def seconds_of(model, optimizer, batch, device):
    """Seconds of the forward pass and of the backward pass, optimizer in."""
    wait(device)
    moments = [time.perf_counter()]
    losses = model(batch[0], data_samples=batch[1], mode='loss')
    total = sum(losses.values())
    wait(device)
    moments.append(time.perf_counter())
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    wait(device)
    moments.append(time.perf_counter())
    return [b - a for a, b in zip(moments, moments[1:])]


def waits_of(model, batch, device):
    """Calls of a step that make the host wait, as torch finds them."""
    if device.type != 'cuda':
        return None
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter('always')
        torch.cuda.set_sync_debug_mode('warn')
        try:
            losses = model(batch[0], data_samples=batch[1], mode='loss')
            sum(losses.values()).backward()
        finally:
            torch.cuda.set_sync_debug_mode('default')
    return sum('synchroniz' in str(each.message) for each in found)


def measure(shape, device):
    """Numbers of one shape, for :func:`table_of`."""
    model, optimizer = make_model(shape, device)
    step, labels = full_step(shape, model.head.fc.in_features, device)

    def add(features, samples, losses):
        term, _ = step(*features, samples, losses['loss'], 6, True)
        return {**losses, 'loss_curvature': term}

    tap, times, waits = FeatureTap('head.fc', add), defaultdict(list), {}
    stream = batches(shape, labels, device)
    for number in range(WARM_UP + shape.steps):
        batch = next(stream)
        for name in ('without', 'with'):
            if name == 'with':
                tap.attach(model)
            spent = seconds_of(model, optimizer, batch, device)
            if number >= WARM_UP:
                times[name].append(spent)
            if number == WARM_UP:
                waits[name] = waits_of(model, batch, device)
        tap.detach()
    found = {}
    for i, part in enumerate(('forward', 'backward')):
        for name, seconds in times.items():
            found[f'{part}_{name}_seconds'] = median(s[i] for s in seconds)
    for name, seconds in times.items():
        found[f'step_{name}_seconds'] = median(map(sum, seconds))
        found[f'waits_{name}'] = waits[name]
    peak = None
    if device.type == 'cuda':
        peak = torch.cuda.max_memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
    pool = step.curvature.pool.features
    return dict(
        batch=shape.batch,
        classes=len(shape.counts),
        pool_bytes=pool.numel() * pool.element_size(),
        peak_bytes=peak,
        **found,
        all_seconds=dict(times))


def table_of(results):
    """A table of the numbers of all shapes."""
    table = Table()
    for column in ('', 'step', 'with CR', 'ratio', 'forward', 'backward',
                   'pool', 'waits of CR'):
        table.add_column(column, justify='right' if column else 'left')
    for name, r in results.items():
        ratios = [
            r[f'{part}_with_seconds'] / r[f'{part}_without_seconds']
            for part in ('step', 'forward', 'backward')
        ]
        waits = r['waits_with'], r['waits_without']
        table.add_row(name, f'{1e3 * r["step_without_seconds"]:.1f} ms',
                      f'{1e3 * r["step_with_seconds"]:.1f} ms',
                      *(f'{ratio:.2f}' for ratio in ratios),
                      f'{r["pool_bytes"] / 2**20:.0f} MiB',
                      'no GPU' if None in waits else str(waits[0] - waits[1]))
    return table


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--device',
        default='cuda' if torch.cuda.is_available() else 'cpu',
        help='default: the GPU if there is one')
    parser.add_argument('--out', help='write all numbers into this JSON file')
    args = parser.parse_args(arguments)
    device = torch.device(args.device)
    results = {name: measure(s, device) for name, s in shapes().items()}
    Console().print(table_of(results))
    if args.out:
        record = dict(
            machine=machine(),
            packages=package_versions(),
            device=torch.cuda.get_device_name(device)
            if device.type == 'cuda' else 'CPU',
            results=results)
        with open(args.out, 'w') as file:
            json.dump(record, file, indent=1)
            file.write('\n')


if __name__ == '__main__':
    main()
