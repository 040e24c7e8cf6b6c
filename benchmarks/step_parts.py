# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where the time of a step of CR goes, part by part.

Functions are wrapped while a step runs, and each part counts without the
parts that it calls, so that the parts add up to the step. On the CPU, where
a function has done its work when it returns.
"""
import contextlib
import functools
import time
from unittest import mock

import torch

from mmcurv.geometry import curvature
from mmcurv.regularization import (FeaturePool, PooledCurvature,
                                   pooled_curvature)

REST = 'rest'
# What a part is, by the owner and the name of its functions.
PARTS = {
    # Points of a class as they are now, and offsets of the neighbours.
    'gather': ((PooledCurvature, '_nearest_in_class'),
               (PooledCurvature, '_current'), (PooledCurvature, '_values')),
    'neighbours': ((pooled_curvature, 'nearest'), ),
    'frames': ((curvature, 'local_frames'), ),
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
