# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far a training is, from the files that it leaves."""
import re
from pathlib import Path
from typing import Optional, Sequence

from mmcurv.engine.stages.config import ONE_STAGE, StageEpochs, epochs_done

# Clocks of file systems tick in steps.
TICK = 1.


def epoch_reached(folder: str,
                  since: float = 0.,
                  stages: Sequence[StageEpochs] = ONE_STAGE) -> Optional[int]:
    """The last epoch that a run has evaluated or saved.

    Args:
        folder (str): Work folder of the run.
        since (float): Files older than this time, in seconds since 1970,
            are of an earlier attempt, which may have come further. Defaults
            to 0.0.
        stages (Sequence[StageEpochs]): Of the run. One by default.

    Returns:
        int, optional: Counted over all stages; None if there is no such file.
    """
    for index, stage in reversed([*enumerate(stages)]):
        epoch = _reached(Path(folder, stage.folder), since)
        if epoch is not None:
            return epochs_done(stages, index, epoch)
    return None


def _reached(folder: Path, since: float) -> Optional[int]:
    reached = None
    for path in (*folder.glob('class_accuracy/epoch_*.json'),
                 *folder.glob('epoch_*.pth')):
        match = re.fullmatch(r'epoch_(\d+)', path.stem)
        if match and _changed(path) >= since - TICK:
            reached = max(reached or 0, int(match[1]))
    return reached


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # the training replaces its checkpoints
        return float('-inf')
