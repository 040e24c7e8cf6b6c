# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What hooks ask of a run: its model, its epoch, its random numbers."""
import contextlib
import math
import random
from typing import Any, Dict, Iterator

import numpy as np
import torch
from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn

STREAMS = ('cmo_mixing', 'cmo_sampler', 'cmo_workers', 'mixup',
           'second_batch_sampler', 'second_batch_workers')


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself.

    Args:
        model (nn.Module): A model, in its wrapper or without.

    Returns:
        nn.Module: What the wrapper holds, or the model as it is.
    """
    return model.module if is_model_wrapper(model) else model


@contextlib.contextmanager
def evaluated_model(runner: Runner) -> Iterator[nn.Module]:
    """The model with the weights that an evaluation of the run would see.

    Those are the averaged ones where mmengine's EMAHook keeps such, else
    those that train. Afterwards the model is as it was.

    Args:
        runner (Runner): In training.

    Yields:
        nn.Module: The model, not in its wrapper.
    """
    averaging = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    for hook in averaging:
        hook.before_val_epoch(runner)
    try:
        yield unwrapped(runner.model)
    finally:
        for hook in averaging:
            hook.after_val_epoch(runner)


def epoch_of_run(runner: Runner) -> int:
    """The current epoch, counted from 0.

    Args:
        runner (Runner): In training.

    Returns:
        int: Of a loop over iterations, the number of passes over the train
        loader so far.
    """
    if isinstance(runner.train_loop, IterBasedTrainLoop):
        return runner.iter // len(runner.train_dataloader)
    return runner.epoch


def epochs_of_run(runner: Runner) -> int:
    """Number of epochs of the whole training, the last may be a part."""
    if isinstance(runner.train_loop, IterBasedTrainLoop):
        return math.ceil(runner.max_iters / len(runner.train_dataloader))
    return runner.max_epochs


def get_random_state() -> Dict[str, Any]:
    """States of Python's, NumPy's and torch's global generators, in types
    that a safe loader accepts."""
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    state = dict(
        python=(version, torch.tensor(internal), gauss),
        numpy=(name, torch.from_numpy(keys.astype(np.int64)), position,
               has_gauss, cached),
        torch=torch.get_rng_state())
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(state: Dict[str, Any]) -> None:
    """Restore what :func:`get_random_state` returned.

    States of GPUs are restored only where there are as many of them.
    """
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal.tolist()), gauss))
    name, keys, position, has_gauss, cached = state['numpy']
    keys = keys.numpy().astype(np.uint32)
    np.random.set_state((name, keys, position, has_gauss, cached))
    torch.set_rng_state(state['torch'].cpu())
    on_gpus = state.get('cuda', [])
    if on_gpus and len(on_gpus) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([gpu.cpu() for gpu in on_gpus])


def stream_at(name: str, *numbers: int) -> np.random.Generator:
    """Random numbers that follow from the seed of the run and the step.

    Whoever draws from here has no state to save: a resumed run asks for the
    same step and gets the same numbers, bit for bit, also in the middle of an
    epoch. Each purpose has a stream of its own, so that none disturbs
    another, nor the global generators.

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
