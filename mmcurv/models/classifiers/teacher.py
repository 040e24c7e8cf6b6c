# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A trained classifier that another one learns from."""
import copy
import os.path as osp
import pickle
from typing import Any, Dict, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcurv.compat import load_weights_only
from mmcurv.models.losses.base import at_least_float32
from mmcurv.registry import MODELS
from mmcurv.weights import load_exactly, weights_of


def distillation_divergence(student: Tensor,
                            teacher: Tensor,
                            temperature: float = 1.,
                            power: float = 1.) -> Tensor:
    """KL(q || softmax(s / T)) with q = softmax(t / T)^p, normalized again.

    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015; with
    the power of He et al., *Distilling Virtual Examples for Long-tailed
    Recognition* (DiVE), 2021.

    A power below 1 flattens the teacher alone: p = 0.5 is twice the
    temperature on its side. Half precision is computed in float32.

    Args:
        student (Tensor): (B, C) logits s.
        teacher (Tensor): (B, C) logits t, which get no gradient.
        temperature (float): T, positive. Defaults to 1.0.
        power (float): p, positive. Defaults to 1.0.

    Returns:
        Tensor: A scalar of at least 0, the mean over samples of the sum over
        classes, in nats, not multiplied by T^2.

    Raises:
        ValueError: If the shapes differ.
    """
    if student.shape != teacher.shape:
        raise ValueError(
            'expected logits of the student and the teacher in one shape, got '
            f'{tuple(student.shape)} and {tuple(teacher.shape)}.')
    # softmax(t / T)^p over its sum is softmax(p t / T).
    scaled = at_least_float32(teacher.detach()) * (power / temperature)
    target = F.log_softmax(scaled, dim=1)
    guess = F.log_softmax(at_least_float32(student) / temperature, dim=1)
    return F.kl_div(guess, target, reduction='batchmean', log_target=True)


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
        num_classes (int): C, of the student.

    Examples:
        >>> teacher = Teacher(model_cfg, 'work_dirs/teacher/epoch_200.pth', 10)
        >>> logits = teacher.logits(images)  # (B, C)
    """

    def __init__(self, model_cfg: Dict[str, Any], checkpoint: str,
                 num_classes: int):
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
            ValueError: If it cannot be read or does not fit the model, or the
                model has no head or one of other classes than the student.
        """
        if self._model is not None:
            return
        state = _read_weights(self.checkpoint)
        with torch.random.fork_rng(devices=[]):
            model = MODELS.build(copy.deepcopy(self.model_cfg))
        classes = getattr(getattr(model, 'head', None), 'num_classes', None)
        if classes != self.num_classes:
            raise ValueError(
                'teacher: expected a model with a head of '
                f'{self.num_classes} classes, as many as the student has, got '
                f'{classes}. Give a teacher that was trained on the same '
                'classes.')
        try:
            load_exactly(model, state)
        except ValueError as error:
            raise ValueError(
                f'teacher: checkpoint {self.checkpoint!r} does not fit its '
                f'model: {error}. Give the model that it was trained with.'
            ) from error
        self._model = model.requires_grad_(False).eval()

    def logits(self, inputs: Tensor) -> Tensor:
        """What the teacher says of images, without gradients.

        Args:
            inputs (Tensor): (B, ...) images, preprocessed.

        Returns:
            Tensor: (B, C).
        """
        self.load()
        self._model.to(inputs.device)
        with torch.no_grad():
            return self._model(inputs, mode='tensor')


def _read_weights(path: str) -> Dict[str, Tensor]:
    if not isinstance(path, str) or not osp.isfile(path):
        raise FileNotFoundError(
            f'teacher: expected a checkpoint file, found none at {path!r}. '
            'Train the teacher first, and give the path of its checkpoint.')
    try:
        return weights_of(load_weights_only(path, map_location='cpu'))
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f'teacher: checkpoint {path!r} cannot be read: {error}') from error
