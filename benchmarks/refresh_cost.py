# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a step of CR costs with each way to refresh the pooled curvatures.

Features of 2,048 numbers, a batch of 256, a full pool; the sizes of the
classes fall exponentially. The refreshes take turns in one process, on the
same pool and batch, so that what else the machine does cancels in their
ratio. Functions are wrapped while a step runs, and each part of it counts
without the parts that it calls, so that the parts add up to the step. 'all' on
as many images as iNaturalist 2018 has is left out unless it is asked for: it
takes a while and 11 GB for the graph alone.
"""
import argparse
import contextlib
import datetime
import functools
import os
import os.path as osp
import re
import time
from statistics import median
from unittest import mock

import torch
from many_classes import BATCH, SETS, WIDTH, batches, class_sizes, full_pool

from mmcurv.engine.provenance import code_version, machine, package_versions
from mmcurv.files import write_json
from mmcurv.geometry import curvature as geometry
from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature, pooled_curvature)

HERE = osp.dirname(osp.abspath(__file__))
SCHEMA, SCHEMA_VERSION = 'mmcurv.refresh_cost', 1
REFRESHES = ('batch', 'all')
# Classes, images in the largest and in the smallest, images of all.
SIXTEENTH = (8142, 62, 2, 437513 // 16)
# What has its turn, and how often; 'batch' before and after the long steps.
PLANS = (
    (SETS['100'], dict(zip(REFRESHES, (5, 1)))),
    (SIXTEENTH, dict(zip(REFRESHES, (5, 1)))),
    (SETS['8142'], dict(batch=5)),
)
REST = 'rest'
# What a part is, by the owner and the name of its functions.
PARTS = {
    # Points of a class as they are now, and offsets of the neighbours.
    'gather': ((PooledCurvature, '_nearest_in_class'),
               (PooledCurvature, '_current'), (PooledCurvature, '_values')),
    'neighbours': ((pooled_curvature, 'nearest'), ),
    'frames': ((geometry, 'local_frames'), ),
    # Local coordinates, quadric and determinant.
    'fit': ((pooled_curvature, 'curvature_of_offsets'), ),
    # Places in the pool, means over the remembered points, storing.
    'cache': ((FeaturePool, 'plan'), (PooledCurvature, 'push'),
              (pooled_curvature, 'reduce_by_class')),
    'backward': ((torch.autograd, 'backward'), ),
}


class PartClock:
    """Seconds of each part, without those of the parts that it calls."""

    def __init__(self):
        self.seconds = {}
        self._open = [REST]
        self._last = time.perf_counter()

    def wrap(self, part, function):

        @functools.wraps(function)
        def timed(*args, **kwargs):
            self.switch()
            self._open.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self.switch()
                self._open.pop()

        return timed

    def switch(self):
        """Book the time since the last call on the part that ran."""
        now, part = time.perf_counter(), self._open[-1]
        self.seconds[part] = self.seconds.get(part, 0.) + now - self._last
        self._last = now


@contextlib.contextmanager
def timed_parts(parts=None):
    """Seconds of every part of what runs in the block, and of the rest.

    Raises:
        RuntimeError: If a part did not run. Its functions have other names
            now, and their time would be taken for that of another part.
    """
    parts = PARTS if parts is None else parts
    with contextlib.ExitStack() as stack:
        clock = PartClock()
        for part, functions in parts.items():
            for owner, name in functions:
                wrapped = clock.wrap(part, getattr(owner, name))
                stack.enter_context(mock.patch.object(owner, name, wrapped))
        yield clock.seconds
        clock.switch()
    idle = [part for part in parts if part not in clock.seconds]
    if idle:
        raise RuntimeError(
            f'expected every part of a step to run, {idle} did not. Name its '
            'functions in PARTS as they are called now.')


def points_measured(refresh, counts, images):
    """Points that a step measures when the pool is full."""
    return len(images.unique()) if refresh == 'batch' else sum(counts)


def one_step(curvature, loss, batch):
    """Seconds of a step by parts, those of all processor cores, which a busy
    machine stretches less, and the peak memory of the process."""
    reset_peak()
    began = time.process_time()
    with timed_parts() as seconds:
        term = loss(curvature(*batch), torch.tensor(1.), 10)
        term.backward()
        curvature.push(*batch)
    return seconds, time.process_time() - began, peak_bytes()


def reset_peak():
    """Forget the peak so far, where Linux lets a process do so."""
    try:
        with open('/proc/self/clear_refs', 'w') as file:
            file.write('5')
    except OSError:
        pass


def peak_bytes():
    """Largest resident memory since the reset; None where it is not told."""
    try:
        with open('/proc/self/status') as file:
            return 1024 * int(re.search(r'VmHWM:\s+(\d+)', file.read())[1])
    except (OSError, TypeError):
        return None


def remembering(pool, refresh):
    """A PooledCurvature that has measured every image."""
    curvature = PooledCurvature(pool, refresh=refresh)
    curvature.log_curvature.normal_()
    curvature.primed.fill_(True)
    return curvature


def measure(numbers, rounds):
    """Steps of all refreshes in turns on one set."""
    counts = class_sizes(*numbers)
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    pool, loss = full_pool(counts), CurvatureRegularization()
    stream, load = batches(labels), [os.getloadavg()[0]]
    curvatures = {name: remembering(pool, name) for name in rounds}
    found = {name: [] for name in rounds}
    one_step(curvatures['batch'], loss, next(stream))  # warm-up
    for turn in range(max(rounds.values())):
        batch = next(stream)
        for name, curvature in curvatures.items():
            if turn < rounds[name]:
                # Each has gradients of its own.
                own = (batch[0].detach().requires_grad_(), *batch[1:])
                points = points_measured(name, counts, batch[2])
                found[name].append((points, *one_step(curvature, loss, own)))
    load.append(os.getloadavg()[0])
    return dict(
        classes=len(counts),
        images=sum(counts),
        largest=max(counts),
        smallest=min(counts),
        load_before_and_after=load,
        steps={
            name: summary(steps)
            for name, steps in found.items()
        })


def summary(steps):
    """Of the steps of one refresh."""
    points, parts, cores, peaks = zip(*steps)
    seconds = [sum(each.values()) for each in parts]
    return dict(
        seconds=median(seconds),
        core_seconds=median(cores),
        points=median(points),
        shares={
            name: sum(each[name] for each in parts) / sum(seconds)
            for name in (*PARTS, REST)
        },
        # Of the first one: memory that a costlier step has left counts.
        peak_bytes=peaks[0],
        all_seconds=seconds,
        all_core_seconds=list(cores),
        all_points=list(points))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--whole',
        action='store_true',
        help="also one step of 'all' with 437,513 images")
    parser.add_argument(
        '--out', default=osp.join(HERE, 'refresh', 'cost.json'))
    args = parser.parse_args()
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        command='python benchmarks/refresh_cost.py' + ' --whole' * args.whole,
        code=code_version(),
        packages=package_versions(),
        machine=machine(),
        width=WIDTH,
        batch=BATCH,
        sets=[])
    for numbers, rounds in PLANS:
        if args.whole and 'all' not in rounds:
            rounds = dict(rounds, all=1)
        found = measure(numbers, rounds)
        for name, step in found['steps'].items():
            print(
                f"{found['classes']} classes, {found['images']} images, "
                f"{name}: {step['seconds']:.2f} s, {step['points']} points",
                flush=True)
        record['sets'].append(found)
        now = datetime.datetime.now(datetime.timezone.utc)
        record['created'] = now.isoformat(timespec='seconds')
        # After each set: what a stop leaves is a whole record of fewer.
        write_json(args.out, record)
    print(f'Written to {args.out}')


if __name__ == '__main__':
    main()
