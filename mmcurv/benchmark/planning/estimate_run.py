# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run will take: time and memory, as far as they can be known."""
import os.path as osp
import statistics
from typing import Callable, List, NamedTuple, Optional

from mmengine.config import Config

from mmcurv.benchmark.matrices.spec_config import (spec_config, spec_epochs,
                                                   spec_hash)
from mmcurv.benchmark.matrix import RunSpec
from mmcurv.benchmark.states.run_state import OPEN, RunState
from mmcurv.files import config_file
from .finished_runs import FinishedRun
from .machine_speed import PASSES, Speed
from .model_size import ModelSize, model_size, pool_bytes, pool_hook
from .train_counts import train_counts

SAME_RUN = 'runs of this config'
SAME_FILE = 'runs of this config with other options'
COUNTED = 'multiply-adds'


class Estimate(NamedTuple):
    """What a run will take.

    Attributes:
        seconds (float, optional): Of the whole training; None if unknown.
        source (str, optional): One of SAME_RUN, SAME_FILE and COUNTED; None
            if unknown.
        pool_and_weights (int, optional): Bytes of the model's weights and of
            the features in the pool; None if unknown. Gradients, momentum
            and activations come on top.
    """
    seconds: Optional[float]
    source: Optional[str]
    pool_and_weights: Optional[int]


def estimate_run(spec: RunSpec, finished: List[FinishedRun],
                 speed: Callable[[], Speed]) -> Estimate:
    """Estimate a run, from the best that is known.

    The mean time of ended runs of the same config; else that of the same
    files with other options, by the epoch; else multiply-adds times three,
    for forward and backward pass, times images and epochs, over the speed of
    the machine. The latter knows neither evaluation nor Curvature
    Regularization nor the loading of data.

    Args:
        spec (RunSpec): The run.
        finished (list[FinishedRun]): Runs that ended on this machine.
        speed (Callable): Gives the machine's speed; called only if needed.

    Returns:
        Estimate: Nothing is known of a run without config.
    """
    if spec.config is None:
        return Estimate(None, None, None)
    cfg = spec_config(spec)
    size, counts = model_size(cfg), train_counts(cfg)
    images, epochs = counts and sum(counts), spec_epochs(spec)
    seconds, source = _by_runs(spec, finished, size, images)
    if (seconds is None and epochs and images and size and size.multiply_adds):
        work = PASSES * size.multiply_adds * images * epochs
        seconds, source = work / speed().multiply_adds, COUNTED
    return Estimate(seconds, source, _memory(cfg, size, counts))


def seconds_left(state: RunState, estimate: Estimate) -> Optional[float]:
    """Time that a run still takes, by the epochs of its checkpoint.

    Args:
        state (RunState): How it stands.
        estimate (Estimate): Of the whole training.

    Returns:
        float | None: 0 for a run that no one will train, such as one that is
        done; None if unknown.
    """
    if state.kind not in OPEN:
        return 0.
    if estimate.seconds is None or not state.epoch:
        return estimate.seconds
    if not state.epochs:
        return None
    return estimate.seconds * max(0., 1 - state.epoch / state.epochs)


def _by_runs(spec: RunSpec, finished: List[FinishedRun],
             size: Optional[ModelSize], images: Optional[int]) -> tuple:
    alike = [run.seconds for run in finished if run.hash == spec_hash(spec)]
    if alike:
        return statistics.fmean(alike), SAME_RUN
    epochs, path = spec_epochs(spec), osp.realpath(config_file(spec.config))
    if not epochs:
        return None, None
    scaled = []
    for run in finished:
        if (osp.realpath(run.config), run.with_files,
                run.cr) != (path, tuple(spec.with_files), spec.cr):
            continue
        if size and size.multiply_adds != run.multiply_adds:
            continue  # the options changed the network
        share = epochs / run.epochs
        if images is not None:
            share = epochs * images / run.samples
        scaled.append(share * run.seconds)
    return (statistics.fmean(scaled), SAME_FILE) if scaled else (None, None)


def _memory(cfg: Config, size: Optional[ModelSize],
            counts: Optional[List[int]]) -> Optional[int]:
    if size is None:
        return None
    hook = pool_hook(cfg)
    if hook is None:
        return size.weight_bytes
    if counts is None or size.feature_dim is None:
        return None
    pool = pool_bytes(hook, counts, size.feature_dim)
    return None if pool is None else size.weight_bytes + pool
