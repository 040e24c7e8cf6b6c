# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""CR and curvature on a GPU, and the largest audit, in at most 8 minutes.

The steps of CR: two shapes are trained on random images, ResNet-32 on
CIFAR-100-LT at imbalance 100, and ResNeXt-50 on ImageNet-LT, whose 115,846
features of 2,048 numbers fill the pool. A step is the forward pass with its
losses, the backward pass and that of the optimizer. Steps with CR and without
it take turns, and each ends only when the GPU is done. Calls that make the
host wait for the GPU are counted as torch finds them.

The curvature: both routes to the frames of a batch of neighbourhoods, by
``torch.linalg.eigh`` and by the tridiagonal form, and class curvature of
50,000 x 64 in 10 classes by each of them.

The audit: 1,281,000 x 2,048 in 1,000 classes, memory-mapped from a temporary
folder that needs 11 GB, with as many cores as the machine has; an audit runs
on the CPU. Where it takes longer than is left of the 8 minutes, the record
says that it was not finished.
"""
import argparse
import json
import os.path as osp
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from statistics import median
from typing import NamedTuple, Tuple
from unittest import mock

import numpy as np
import torch
from audit_speed import cloud, write_bank
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
from mmcurv.engine.provenance import code_version, machine, package_versions
from mmcurv.files import write_json
from mmcurv.geometry import class_curvature, frames

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
CONFIGS = osp.join(ROOT, 'configs', 'ce')
IMAGENET_LT = osp.join(ROOT, 'mmcurv', 'data', 'imagenet_lt_class_counts.csv')
WARM_UP = 3
MINUTES = 8  # in all
# Neighbourhoods, k and p of a batch of frames.
BATCHES = ((256, 40, 64), (4096, 20, 64), (4096, 40, 64), (4096, 40, 2048))
CLOUD = (10, 5000, 64)  # classes, points of each, features
AUDITED = (1000, 1281, 2048)
ROUNDS = 3


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


def seconds(function, device):
    """The least of some rounds after one that warms up."""
    spent = []
    for _ in range(ROUNDS + 1):
        wait(device)
        began = time.perf_counter()
        function()
        wait(device)
        spent.append(time.perf_counter() - began)
    return min(spent[1:])


def measure_routes(device):
    """Seconds of both routes to the frames, and of class curvature by them."""
    routes = dict(eigh=frames._by_eigh, tridiagonal=frames._by_tridiagonal)
    found = []
    for n, k, p in BATCHES:
        offsets = torch.randn(n, k, p, device=device)
        matrices = offsets @ offsets.mT
        floor = matrices.new_zeros(n)
        found.append(
            dict(
                neighbourhoods=n,
                k=k,
                **{
                    f'{name}_seconds':
                    seconds(lambda: route(matrices, floor, 2, 'smallest'),
                            device)
                    for name, route in routes.items()
                }))
    classes, per_class, p = CLOUD
    points = torch.randn(classes * per_class, p)
    points = (points * torch.logspace(0, -1, p)).to(device)
    labels = torch.arange(len(points), device=device) % classes
    whole = {}
    for name, route in routes.items():
        with mock.patch.multiple(
                frames, _by_eigh=route, _by_tridiagonal=route):
            whole[f'{name}_seconds'] = seconds(
                lambda: class_curvature(points, labels, classes), device)
    return dict(frames=found, class_curvature=dict(shape=CLOUD, **whole))


def measure_audit(until):
    """The largest audit, in a process that ends when time is up.

    Args:
        until (float): Of time.monotonic().
    """
    classes, per_class, p = AUDITED
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        few = list(cloud(8, per_class, p, rng))  # drawing all would take long
        shifted = (
            few[c % 8] + 2 * rng.standard_normal(p, np.float32)
            for c in range(classes))
        write_bank(folder, shifted, classes, per_class, p, rng)
        program = osp.join(
            osp.dirname(osp.abspath(__file__)), 'audit_speed.py')
        left = max(1., until - time.monotonic())
        found = dict(shape=AUDITED, seconds_left=left)
        try:
            output = subprocess.run(
                [sys.executable, program, 'mapped_audit', folder],
                check=True,
                timeout=left,
                stdout=subprocess.PIPE,
                text=True).stdout
        except subprocess.TimeoutExpired:
            return dict(found, finished=False)
    return dict(found, finished=True, **json.loads(output.splitlines()[-1]))


def main(arguments=None):
    until = time.monotonic() + 60 * MINUTES
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument(
        '--device',
        default='cuda' if torch.cuda.is_available() else 'cpu',
        help='default: the GPU if there is one')
    parser.add_argument('--out', help='write all numbers into this JSON file')
    args = parser.parse_args(arguments)
    device = torch.device(args.device)
    name = (
        torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU')
    record = dict(
        schema='mmcurv.gpu',
        schema_version=1,
        code=code_version(),
        machine=machine(),
        packages=package_versions(),
        device=name)

    def keep(**parts):  # whatever comes later, this is written
        record.update(parts)
        if args.out:
            write_json(args.out, record)

    keep(routes=measure_routes(device))
    for one in record['routes']['frames']:
        print(f'frames of {one["neighbourhoods"]} x {one["k"]}: '
              f'eigh {1e3 * one["eigh_seconds"]:.1f} ms, tridiagonal '
              f'{1e3 * one["tridiagonal_seconds"]:.1f} ms')
    whole = record['routes']['class_curvature']
    print(f'class curvature of {CLOUD}: eigh {whole["eigh_seconds"]:.2f} s, '
          f'tridiagonal {whole["tridiagonal_seconds"]:.2f} s')
    keep(steps={name: measure(s, device) for name, s in shapes().items()})
    Console().print(table_of(record['steps']))
    keep(audit=measure_audit(until))
    audit = record['audit']
    print('audit of {} x {} x {}: '.format(*AUDITED) +
          (f'{audit["seconds"]:.0f} s' if audit['finished'] else
           f'not finished after {audit["seconds_left"]:.0f} s'))


if __name__ == '__main__':
    main()
