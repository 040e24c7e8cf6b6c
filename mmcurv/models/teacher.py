# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A trained classifier that another one learns from."""
import copy
import os.path as osp
import pickle
from typing import Any, Dict, List, Optional

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmcurv.registry import MODELS

# Counts batches seen in training; nothing in evaluation reads it.
WITHOUT_EFFECT = '.num_batches_tracked'


class Teacher:
    """A frozen classifier beside a student, and no part of it.

    As an attribute of a student it is no sub-module: neither ``train()``, the
    optimizer, DistributedDataParallel nor a checkpoint of the student reaches
    it. It always evaluates, without gradients, and follows the device of the
    images. A copy of the student, such as that of EMAHook, shares it.

    The weights are read by :meth:`load`, so that a student that is only
    tested needs no file of its teacher. A student loads its teacher in
    ``init_weights()``, which a Runner calls before each training.

    Args:
        model_cfg (dict): Config of the teacher's model, whose mode 'tensor'
            returns logits. Its data preprocessor is left out: images come as
            the student gets them.
        checkpoint (str): Path of a local file with its weights.
        num_classes (int, optional): C of the student, to be compared.
            Defaults to None.

    Examples:
        >>> teacher = Teacher(model_cfg, 'work_dirs/teacher/epoch_200.pth')
        >>> logits = teacher.logits(images)  # (B, C)
    """

    def __init__(self,
                 model_cfg: Dict[str, Any],
                 checkpoint: str,
                 num_classes: Optional[int] = None):
        self.model_cfg = copy.deepcopy(dict(model_cfg))
        self.model_cfg.pop('data_preprocessor', None)
        self.checkpoint = checkpoint
        self.num_classes = num_classes
        self._model: Optional[nn.Module] = None

    def __deepcopy__(self, memo: dict) -> 'Teacher':
        return self

    def load(self) -> None:
        """Build the model and read its weights, once.

        No random number of the run is drawn for it.

        Raises:
            FileNotFoundError: If there is no such checkpoint.
            ValueError: If it cannot be read, does not fit the model, or the
                model has another number of classes than the student.
        """
        if self._model is not None:
            return
        state = _read_weights(self.checkpoint)
        with torch.random.fork_rng(devices=[]):
            model = MODELS.build(copy.deepcopy(self.model_cfg))
        self._check_classes(model)
        _load_exactly(model, state, self.checkpoint)
        self._model = model.requires_grad_(False).eval()

    def logits(self, inputs: Tensor) -> Tensor:
        """What the teacher says of images, without gradients.

        Args:
            inputs (Tensor): (B, ...) images, preprocessed.

        Returns:
            Tensor: (B, C).

        Raises:
            ValueError: If the model gives no such logits.
        """
        self.load()
        self._model.to(inputs.device)
        with torch.no_grad():
            scores = self._model(inputs, mode='tensor')
        if not isinstance(scores, Tensor) or scores.dim() != 2:
            got = (
                tuple(scores.shape)
                if isinstance(scores, Tensor) else type(scores).__name__)
            raise ValueError('expected a teacher whose mode \'tensor\' returns'
                             f' logits (B, C), got {got}. Give it a head.')
        self._check(scores.shape[1])
        return scores

    def _check_classes(self, model: nn.Module) -> None:
        head = getattr(model, 'head', None)
        if isinstance(getattr(head, 'num_classes', None), int):
            self._check(head.num_classes)

    def _check(self, found: int) -> None:
        if self.num_classes not in (None, found):
            raise ValueError(
                f'teacher: expected a model of {self.num_classes} classes, as '
                f'many as the student has, got {found}. Give a teacher that '
                'was trained on the same classes.')


def _read_weights(path: str) -> Dict[str, Tensor]:
    if not isinstance(path, str) or not osp.isfile(path):
        raise FileNotFoundError(
            f'teacher: expected a checkpoint file, found none at {path!r}. '
            'Train the teacher first, and give the path of its checkpoint.')
    try:
        content = CheckpointLoader.load_checkpoint(
            path, map_location='cpu', logger='silent')
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f'teacher: checkpoint {path!r} cannot be read: {error}') from error
    state = content.get('state_dict', content)
    return {
        name.removeprefix('module.'): value
        for name, value in state.items() if isinstance(value, Tensor)
    }


def _load_exactly(model: nn.Module, state: Dict[str, Tensor],
                  path: str) -> None:
    """Load all weights, or say which do not fit; ``model`` is then useless."""
    own = model.state_dict()
    problems = {
        'of another shape': [
            f'{name} {tuple(state[name].shape)} there and '
            f'{tuple(value.shape)} here' for name, value in own.items()
            if name in state and state[name].shape != value.shape
        ],
        'missing from the checkpoint':
        [name for name in own if name not in state],
        'unknown to the model': [name for name in state if name not in own]
    }
    found = [
        f'{len(names)} {kind} ({_shortened(names)})'
        for kind, names in problems.items()
        if [name for name in names if not name.endswith(WITHOUT_EFFECT)]
    ]
    if found:
        raise ValueError(
            f'teacher: checkpoint {path!r} does not fit its model: '
            f'{"; ".join(found)}. Give the model that it was trained with.')
    model.load_state_dict(state, strict=False)


def _shortened(names: List[str], at_most: int = 3) -> str:
    more = len(names) - at_most
    text = ', '.join(names[:at_most])
    return f'{text} and {more} more' if more > 0 else text
