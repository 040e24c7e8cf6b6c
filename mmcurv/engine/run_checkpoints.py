# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The checkpoints that a training run left in its work folder."""
import os
import os.path as osp
import re
from dataclasses import dataclass
from typing import List

from .config_options import UsageError

# A test, or a training from the kept config, dumps its config by its time.
BY_TIME = re.compile(r'\d{8}_\d{6}\.py')


@dataclass(frozen=True)
class RunCheckpoint:
    """A checkpoint of a run.

    Attributes:
        path (str): Path of the file.
        kind (str): 'epoch' or 'iter', what its name counts.
        number (int): Epochs or iterations trained.
    """
    path: str
    kind: str
    number: int

    @property
    def tag(self) -> str:
        """str: Such as 'epoch_012'; tags sort in the order of training."""
        width = 3 if self.kind == 'epoch' else 7
        return f'{self.kind}_{self.number:0{width}d}'


def run_checkpoints(work_dir: str) -> List[RunCheckpoint]:
    """Every checkpoint of a run in the order of training.

    Those are ``epoch_*.pth``, or ``iter_*.pth`` where there are none of the
    former. ``best_*.pth`` are copies of these, and are left out.

    Args:
        work_dir (str): Work folder of the run.

    Returns:
        list[RunCheckpoint]: At least one.

    Raises:
        UsageError: If there is no such folder or no checkpoint in it.
    """
    names = _files(work_dir)
    for kind in ('epoch', 'iter'):
        found = []
        for name in names:
            match = re.fullmatch(rf'{kind}_(\d+)\.pth', name)
            if match:
                found.append(
                    RunCheckpoint(
                        osp.join(work_dir, name), kind, int(match[1])))
        if found:
            return sorted(found, key=lambda checkpoint: checkpoint.number)
    others = [name for name in names if name.endswith('.pth')]
    raise UsageError(
        f'--work-dir {work_dir}: expected checkpoints epoch_*.pth or '
        f'iter_*.pth, found {", ".join(others) or "none"}; for a single '
        'checkpoint give CONFIG CHECKPOINT')


def run_config(work_dir: str) -> str:
    """Path of the config that a run was trained with.

    mmengine writes it into the work folder under its file's name.

    Args:
        work_dir (str): Work folder of the run.

    Returns:
        str: Path of the config.

    Raises:
        UsageError: If there is none, or more than one.
    """
    found = [
        name for name in _files(work_dir)
        if name.endswith('.py') and not BY_TIME.fullmatch(name)
    ]
    if len(found) != 1:
        raise UsageError(
            f'--work-dir {work_dir}: expected one config of the run, found '
            f'{", ".join(found) or "none"}; give CONFIG CHECKPOINT instead')
    return osp.join(work_dir, found[0])


def _files(work_dir: str) -> List[str]:
    if not osp.isdir(work_dir):
        raise UsageError(f'--work-dir: expected the folder of a run, found '
                         f'none at {work_dir!r}')
    return sorted(os.listdir(work_dir))
