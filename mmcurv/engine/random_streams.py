# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Random numbers that follow from the seed of the run and the step.

Whoever draws from here has no state to save: a resumed run asks for the same
step and gets the same numbers, bit for bit, also in the middle of an epoch.
Each purpose has a stream of its own, so that none disturbs another, nor the
global generators.
"""
import numpy as np

STREAMS = ('cmo_mixing', 'cmo_sampler', 'cmo_workers', 'mixup',
           'second_batch_sampler', 'second_batch_workers')


def stream_at(name: str, *numbers: int) -> np.random.Generator:
    """The generator of one purpose in one step.

    Args:
        name (str): One of :data:`STREAMS`.
        numbers (int): What the numbers depend on, each at least 0: seed, rank
            and iteration, for example.

    Returns:
        np.random.Generator: At its beginning.

    Raises:
        ValueError: If there is no such stream.
    """
    return np.random.default_rng([STREAMS.index(name), *numbers])
