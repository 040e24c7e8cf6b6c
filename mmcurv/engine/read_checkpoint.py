# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A checkpoint file: what it is, and what it was trained on."""
import os.path as osp
import pickle
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

# For its effect, too: it makes loading checkpoints safe.
from mmcurv.engine.hooks.class_counts_hook import CHECKPOINT_KEY
from mmcurv.files import file_sha256
from .config_options import UsageError, check_file
from .train_split import TrainSplit


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
    """
    path: str
    sha256: str
    state_dict: Dict[str, Tensor]
    epoch: Optional[int] = None
    iteration: Optional[int] = None
    split: Optional[TrainSplit] = None
    class_names: Optional[List[str]] = None


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
    content = _load(path)
    meta = content.get('meta') or {}
    split = content.get(CHECKPOINT_KEY)
    names = (meta.get('dataset_meta') or {}).get('classes')
    return Checkpoint(
        path=path,
        sha256=file_sha256(path),
        state_dict=_state_dict(content, path),
        epoch=meta.get('epoch') or None,
        iteration=meta.get('iter'),
        split=None if split is None else TrainSplit(**split),
        class_names=[str(name) for name in names] if names else None)


def _load(path: str) -> Dict[str, Any]:
    try:
        content = CheckpointLoader.load_checkpoint(
            path, map_location='cpu', logger='silent')
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UsageError(f'checkpoint {path!r} cannot be read: '
                         f'{error}') from error
    if not isinstance(content, dict):
        raise UsageError(f'checkpoint {path!r}: expected a dict of weights, '
                         f'got {type(content).__name__}')
    return content


def _state_dict(content: Dict[str, Any], path: str) -> Dict[str, Tensor]:
    state = content.get('state_dict', content)
    weights = {
        name.removeprefix('module.'): value
        for name, value in state.items() if isinstance(value, torch.Tensor)
    }
    if not weights:
        raise UsageError(
            f'checkpoint {path!r}: expected weights under \'state_dict\' or '
            f'at the first level, found {", ".join(map(str, content))}')
    return weights
