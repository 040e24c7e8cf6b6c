# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Epochs, also in loops that count iterations only."""
import math

from mmengine.runner import IterBasedTrainLoop, Runner


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
