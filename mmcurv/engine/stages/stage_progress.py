# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far a training of several stages is, by the epoch of one of them.

Nothing heavy is imported.
"""
from typing import NamedTuple, Optional, Sequence

FOLDER = 'stage_'  # begins the names of the folders of stages


class StageEpochs(NamedTuple):
    """A stage, where it works and how long it is.

    Attributes:
        folder (str): In the work folder of the whole training; '' is that
            folder itself. Defaults to ''.
        epochs (int, optional): 0 if it only evaluates. Defaults to None: it
            counts iterations.
    """
    folder: str = ''
    epochs: Optional[int] = None


# What a training is that has no other stages.
ONE_STAGE = (StageEpochs(), )


def total_epochs(stages: Sequence[StageEpochs]) -> Optional[int]:
    """Epochs of a whole training.

    Args:
        stages (Sequence[StageEpochs]): Its stages.

    Returns:
        int | None: None if a stage counts iterations.
    """
    epochs = [stage.epochs for stage in stages]
    return None if None in epochs else sum(epochs)


def epochs_done(stages: Sequence[StageEpochs], index: int, epoch: int) -> int:
    """Epochs of a training, of which one stage has some behind it.

    Args:
        stages (Sequence[StageEpochs]): Its stages.
        index (int): Of the stage; those before it have ended.
        epoch (int): Epochs that this stage has behind it.

    Returns:
        int: Stages that count iterations, and evaluations, add none.
    """
    before = sum(stage.epochs or 0 for stage in stages[:index])
    return before + (0 if stages[index].epochs == 0 else epoch)
