# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One pool, divided by class among 1, 2 and 4 processes.

A linear map is trained one step at a time with CR on its outputs, which
hold a pool of 1,000 classes of 20 images each.
For each number of processes: how far loss and gradient lie from
those of one process, the bytes that a process holds, and seconds of a step.
On a machine with fewer cores than processes they take turns, so that seconds
of more processes are not those of more machines.
"""
import argparse
import json
import os
import socket
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmpretrain.structures import DataSample

from mmcurv.engine.curvature.step import CurvatureStep
from mmcurv.engine.launch import end_processes

CLASSES, PER_CLASS, WIDTH, BATCH, STEPS = 1000, 20, 256, 256, 4
WORLD_SIZES = (1, 2, 4)


def samples_of(images):
    """What a data pipeline says of images."""
    return [
        DataSample(metainfo=dict(sample_idx=i)).set_gt_label(i // PER_CLASS)
        for i in images.tolist()
    ]


def full_step(images):
    """A CurvatureStep that has seen every image."""
    step = CurvatureStep('skip', None, dict(k=10), None)
    step.prepare([PER_CLASS] * CLASSES, None)
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(CLASSES * PER_CLASS, WIDTH, generator=generator)
    for rows in images.split(8192):
        own = rows.chunk(dist.get_world_size())[dist.get_rank()]
        step(features[own], samples_of(own), torch.tensor(1.), 1, False)
    return step


def train():
    """Terms, gradients, seconds and bytes of this process."""
    images = torch.arange(CLASSES * PER_CLASS)
    step = full_step(images)
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(WIDTH, WIDTH, generator=generator).requires_grad_()
    terms, gradients, seconds = [], [], []
    world_size = dist.get_world_size()
    for _ in range(STEPS + 1):
        # Of few classes, so that some have several images in the batch.
        rows = torch.randperm(5 * BATCH, generator=generator)[:BATCH]
        points = torch.randn(BATCH, WIDTH, generator=generator)
        own = torch.arange(BATCH).chunk(world_size)[dist.get_rank()]
        samples = samples_of(rows[own])
        started = time.perf_counter()
        features = points[own] @ weight
        loss = features.square().mean()
        term, _ = step(features, samples, loss, 10, True)
        gradient, = torch.autograd.grad(loss + term, weight)
        dist.all_reduce(gradient)
        seconds.append(time.perf_counter() - started)
        terms.append(term.item())
        gradients.append(gradient / world_size)
    buffers = step.curvature.buffers()
    return dict(
        terms=torch.tensor(terms),
        gradients=torch.stack(gradients),
        seconds=seconds[1:],  # the first measures the whole pool
        bytes=sum(b.numel() * b.element_size() for b in buffers))


def process(rank, world_size, port, folder):
    """What each process does."""
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank),
        WORLD_SIZE=str(world_size),
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port))
    dist.init_process_group('gloo')
    torch.save(train(), Path(folder) / f'{rank}.pt')
    end_processes()


def run(world_size):
    """Results of all processes."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(
            process, (world_size, port, folder),
            nprocs=world_size,
            start_method='spawn')
        return [
            torch.load(Path(folder) / f'{rank}.pt', weights_only=True)
            for rank in range(world_size)
        ]


def compare(found, alone):
    """Numbers of several processes against one process."""
    size = alone['gradients'].abs().max()
    return dict(
        bytes_of_a_process=max(each['bytes'] for each in found),
        seconds=median(found[0]['seconds']),
        largest_relative_difference_of_terms=max(
            ((each['terms'] - alone['terms']).abs() /
             alone['terms'].abs()).max().item() for each in found),
        largest_relative_difference_of_gradients=max(
            ((each['gradients'] - alone['gradients']).abs().max() /
             size).item() for each in found))


def main():
    alone, rows = None, {}
    for world_size in WORLD_SIZES:
        found = run(world_size)
        alone = alone or found[0]
        rows[f'{world_size}_sharded'] = compare(found, alone)
    return dict(
        what=f'{CLASSES:,} classes x {PER_CLASS} images x {WIDTH}, batch '
        f'{BATCH}, k = 10, gloo, one thread a process',
        rows=rows)


if __name__ == '__main__':
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(json.dumps(main(), indent=1))
