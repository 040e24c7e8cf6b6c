# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The newest checkpoint of a run that is whole."""
import os.path as osp
import re
import zipfile
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from mmcurv.engine.stages.config import ONE_STAGE, StageEpochs, epochs_done


def last_good_checkpoint(
    folder: str,
    stages: Sequence[StageEpochs] = ONE_STAGE
) -> Tuple[Optional[str], List[str]]:
    """Find the checkpoint to go on from.

    A training that is killed while it saves, or a full disk, leaves half a
    file. Torch writes zip files, which know the checksums of their parts.

    Args:
        folder (str): Work folder of the run.
        stages (Sequence[StageEpochs]): Of the run; the last one that has a
            checkpoint is gone on with. One by default.

    Returns:
        tuple[str or None, list[str]]: Path of the newest whole
        ``epoch_*.pth``, None if there is none, and the damaged ones that are
        newer.
    """
    damaged = []
    for stage in reversed(stages):
        for path in checkpoints(osp.join(folder, stage.folder)):
            if is_whole_zip(str(path)):
                return str(path), damaged
            damaged.append(str(path))
    return None, damaged


def checkpoints(folder: str) -> List[Path]:
    """Every ``epoch_*.pth`` of a run, the newest epoch first.

    Args:
        folder (str): Work folder of the run.

    Returns:
        list[Path]: Whole or damaged ones.
    """
    found = [(checkpoint_epoch(path), path)
             for path in Path(folder).glob('epoch_*.pth')]
    found = [(epoch, path) for epoch, path in found if epoch is not None]
    return [path for _, path in sorted(found, reverse=True)]


def checkpoint_epoch(path: Path) -> Optional[int]:
    """Epochs trained, from the name of a checkpoint.

    Args:
        path (Path): Path of the file.

    Returns:
        int, optional: None if the name does not say.
    """
    match = re.fullmatch(r'epoch_(\d+)\.pth', Path(path).name)
    return int(match[1]) if match else None


def epochs_behind(path: str, folder: str,
                  stages: Sequence[StageEpochs]) -> int:
    """Epochs of a run that are behind a checkpoint of it.

    Args:
        path (str): Path of the checkpoint, ``epoch_*.pth``.
        folder (str): Work folder of the run.
        stages (Sequence[StageEpochs]): Of the run.

    Returns:
        int: Counted over all stages.
    """
    epoch, own = checkpoint_epoch(Path(path)) or 0, osp.dirname(path)
    for index, stage in enumerate(stages):
        if osp.normpath(own) == osp.normpath(osp.join(folder, stage.folder)):
            return epochs_done(stages, index, epoch)
    return epoch


def is_whole_zip(path: str) -> bool:
    """Whether every part of a zip file has its checksum.

    Args:
        path (str): Path of the file.

    Returns:
        bool: False as well for what is no zip file.

    Raises:
        OSError: If the file cannot be read at all.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, EOFError, NotImplementedError):
        return False
