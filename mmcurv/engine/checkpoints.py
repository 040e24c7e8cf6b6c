# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checkpoint files: what one holds, and which ones a run has left."""
import os
import os.path as osp
import pickle
import re
import zipfile
from dataclasses import dataclass
from typing import Dict, List, Optional

from mmengine.runner import find_latest_checkpoint
from torch import Tensor

from mmcurv.arguments import UsageError, check_file, check_folder
from mmcurv.compat import load_weights_only
from mmcurv.engine.hooks.class_counts import CHECKPOINT_KEY
from mmcurv.files import file_sha256, listed
from mmcurv.weights import weights_of
from .hooks.class_counts import TrainSplit
from .run_lock import is_first_process

POINTER = 'last_checkpoint'
# A test, or a training from the kept config, dumps its config by its time.
BY_TIME = re.compile(r'\d{8}_\d{6}\.py')


@dataclass(frozen=True)
class Checkpoint:
    """Weights and where they are from.

    Attributes:
        path (str): Path of the file.
        sha256 (str): Hash of the file, 64 hexadecimal digits.
        state_dict (dict[str, Tensor]): Weights by name.
        epoch (int, optional): Epochs trained; None if it does not say or was
            trained by iterations.
        iteration (int, optional): Iterations trained.
        split (TrainSplit, optional): What it was trained on, where
            ``mmcurv.ClassCountsHook`` kept that.
        class_names (list[str], optional): Names of the classes.
        saved (str): When, as mmengine writes it; empty where it does not.
    """
    path: str
    sha256: str
    state_dict: Dict[str, Tensor]
    epoch: Optional[int] = None
    iteration: Optional[int] = None
    split: Optional[TrainSplit] = None
    class_names: Optional[List[str]] = None
    saved: str = ''


def read_checkpoint(path: str) -> Checkpoint:
    """Read a checkpoint, or the bare state dict of a model.

    Args:
        path (str): Path of a local file.

    Returns:
        Checkpoint: On the CPU, without optimizer and log.

    Raises:
        UsageError: If there is no such file, or it holds no weights.
    """
    path = osp.expanduser(path)
    if '://' in path:
        raise UsageError(f'checkpoint: expected a local file, got {path!r}; '
                         'download it first')
    check_file(path, 'checkpoint')
    try:
        content = load_weights_only(path, map_location='cpu')
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UsageError(f'checkpoint {path!r} cannot be read: '
                         f'{error}') from error
    if not isinstance(content, dict):
        raise UsageError(f'checkpoint {path!r}: expected a dict of weights, '
                         f'got {type(content).__name__}')
    weights = weights_of(content)
    if not weights:
        raise UsageError(
            f'checkpoint {path!r}: expected weights under \'state_dict\' or '
            f'at the first level, found {", ".join(map(str, content))}')
    meta = content.get('meta') or {}
    split = content.get(CHECKPOINT_KEY)
    names = (meta.get('dataset_meta') or {}).get('classes')
    return Checkpoint(
        path=path,
        sha256=file_sha256(path),
        state_dict=weights,
        epoch=meta.get('epoch') or None,
        iteration=meta.get('iter'),
        split=None if split is None else TrainSplit(**split),
        class_names=[str(name) for name in names] if names else None,
        saved=str(meta.get('time', '')))


def named_checkpoint(work_dir: str) -> Optional[str]:
    """Path of the checkpoint that the file ``last_checkpoint`` names.

    Args:
        work_dir (str): Work folder of a run; it may have been moved, and a
            copy of it names its own file.

    Returns:
        str | None: Path of a file that need not be there any more; None if
        the folder names none.
    """
    if not osp.isfile(osp.join(work_dir, POINTER)):
        return None
    named = find_latest_checkpoint(work_dir)
    here = osp.join(work_dir, osp.basename(named))
    return here if osp.isfile(here) or not osp.isfile(named) else named


def latest_checkpoint(work_dir: str) -> Optional[str]:
    """Path of the last whole checkpoint, to go on from.

    A full disk or a power failure leaves half a file. Where the one of
    :func:`named_checkpoint` is damaged or gone, it is the newest whole one
    before it.

    Args:
        work_dir (str): Work folder of a run.

    Returns:
        str | None: None if the folder names none, or none is whole.
    """
    latest = named_checkpoint(work_dir)
    if latest is None:
        return None
    if is_whole(latest):
        return latest
    match = re.fullmatch(r'(epoch|iter)_(\d+)\.pth', osp.basename(latest))
    earlier = [
        one for one in (_numbered(work_dir, match[1]) if match else [])
        if one.number < int(match[2])
    ]
    return next((one.path for one in reversed(earlier) if is_whole(one.path)),
                None)


def is_whole(path: str) -> bool:
    """Whether a checkpoint is there and every part of it has its checksum.

    Torch writes zip files, which know the sums of their parts. What is not
    whole is told.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if file.testzip() is None:
                return True
        words = 'is damaged'
    except FileNotFoundError:
        words = 'is gone'
    except (zipfile.BadZipFile, EOFError, NotImplementedError):
        words = 'is damaged'
    if is_first_process():
        print(f'{path} {words} and was skipped')
    return False


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
    for kind in ('epoch', 'iter'):
        found = _numbered(work_dir, kind)
        if found:
            return found
    others = [name for name in _files(work_dir) if name.endswith('.pth')]
    raise UsageError(
        f'--work-dir {work_dir}: expected checkpoints epoch_*.pth or '
        f'iter_*.pth, found {listed(others)}; for a single checkpoint give '
        'CONFIG CHECKPOINT')


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
            f'{listed(found)}; give CONFIG CHECKPOINT instead')
    return osp.join(work_dir, found[0])


def _numbered(work_dir: str, kind: str) -> List[RunCheckpoint]:
    """Checkpoints of a kind in the order of training."""
    matches = [
        re.fullmatch(rf'{kind}_(\d+)\.pth', name) for name in _files(work_dir)
    ]
    return sorted(
        (RunCheckpoint(osp.join(work_dir, match[0]), kind, int(match[1]))
         for match in matches if match),
        key=lambda checkpoint: checkpoint.number)


def _files(work_dir: str) -> List[str]:
    check_folder(work_dir, '--work-dir', 'a run')
    return sorted(os.listdir(work_dir))
