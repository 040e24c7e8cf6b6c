# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the losses of long-tailed methods have in common.

Values are checked where a look costs nothing: class counts and class weights
when they arrive, labels and scores where they lie in main memory. A GPU works
through a queue, and whoever reads a value waits until it is empty; so no step
does, but see :class:`CosineLoss`.
"""
import reprlib
from contextlib import nullcontext
from typing import Any, Callable, ContextManager, Optional, Sequence

import numpy as np
import torch
from mmpretrain.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

from mmcurv.files import did_you_mean

REDUCTIONS = ('none', 'mean', 'sum')
COSINE_TOLERANCE = 0.05  # above what half precision makes of a cosine of 1


def at_least_float32(tensor: Tensor) -> Tensor:
    """float16 and bfloat16 as float32; float32 and float64 as they are."""
    half = tensor.dtype in (torch.float16, torch.bfloat16)
    return tensor.float() if half else tensor


def without_autocast(tensor: Tensor) -> ContextManager:
    """Turn autocast off on the device of a tensor, in a ``with`` block."""
    if tensor.is_meta:  # counts a model's cost, and knows no autocast
        return nullcontext()
    return torch.autocast(tensor.device.type, enabled=False)


def check_choice(name: str, value: str, known: Sequence[str]) -> None:
    """Raise ValueError, with the nearest choice, if a value is not known."""
    if value not in known:
        raise ValueError(
            f'{name} cannot be {value!r}: {did_you_mean(value, known)}')


def check_positive(**values: float) -> None:
    """Raise ValueError for the first value that is not above 0."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f'expected {name} above 0, got {value}.')


def check_not_negative(**values: float) -> None:
    """Raise ValueError for the first value that is below 0."""
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f'expected {name} of at least 0, got {value}.')


def usable_counts(counts: Any) -> Tensor:
    """Class counts as a vector, if a loss can be built on them.

    Args:
        counts (Sequence[int] | np.ndarray | Tensor): (C,) training images of
            every class.

    Returns:
        Tensor: (C,) float64, all at least 1.

    Raises:
        ValueError: If they are not a vector of at least two whole numbers, or
            a class has no image: its margin, prior or weight is infinite or
            zero.
    """
    array = np.asarray(counts.cpu() if isinstance(counts, Tensor) else counts)
    if array.ndim != 1 or array.size < 2:
        raise ValueError('expected class counts of at least two classes, one '
                         f'number for each, got shape {array.shape}: '
                         f'{counts!r}.')
    if array.dtype.kind not in 'iuf' or (array != np.round(array)).any():
        raise ValueError('expected class counts as whole numbers, got '
                         f'{counts!r}. Give the numbers of training images.')
    missing = np.flatnonzero(array < 1)
    if missing.size:
        raise ValueError(
            'expected at least one training image of every class, got '
            f'{array[missing[0]]:.0f} for class {missing[0]}, and such counts '
            f'for {missing.size} of {array.size} classes: a loss that depends '
            'on class counts is not defined then. Take another split, or '
            'leave the empty classes out of the data set and of num_classes.')
    return torch.from_numpy(array.astype(np.float64))


def checked_target(cls_score: Tensor,
                   target: Tensor,
                   soft_refusal: Optional[str] = None) -> Tensor:
    """The target of a batch, if scores and target are fit for a loss.

    Args:
        cls_score (Tensor): (B, C).
        target (Tensor): (B,) integer labels, or (B, C) soft labels as floats.
        soft_refusal (str, optional): Why soft labels are refused, a sentence.
            Defaults to None, which accepts them.

    Returns:
        Tensor: (B,) int64, or the soft labels in the dtype of the scores.

    Raises:
        ValueError: If the batch is empty, a shape is wrong, a label in main
            memory is no column of the scores, or soft labels are refused.
    """
    if cls_score.dim() != 2 or cls_score.shape[1] < 2:
        raise ValueError(
            'expected scores of shape (B, C) for at least two classes, got '
            f'{tuple(cls_score.shape)}. Give the head num_classes of at '
            'least 2, and pool the feature before it.')
    num_samples, num_classes = cls_score.shape
    if num_samples == 0:
        raise ValueError('expected at least one sample, got an empty batch, '
                         'whose mean loss would be nan. Leave out the step.')
    if target.is_floating_point():
        if soft_refusal is not None:
            raise ValueError(
                'expected one integer label per sample, got soft labels of '
                f'shape {tuple(target.shape)}. {soft_refusal} To mix images, '
                'use a hook that keeps both labels, such as '
                "'mmcurv.PairedMixupHook', instead of batch augments, and a "
                "head that takes them one at a time, 'mmcurv.PairedLinearHead'"
                " or 'mmcurv.NormedLinearHead'.")
        if target.shape != cls_score.shape:
            raise ValueError(
                'expected soft labels of the shape of the scores, '
                f'{tuple(cls_score.shape)}, got {tuple(target.shape)}. Give '
                'the head and the data preprocessor the same num_classes.')
        return target.to(cls_score.dtype)
    if target.shape != (num_samples, ):
        raise ValueError(
            f'expected one label per sample, shape ({num_samples},), got '
            f'{tuple(target.shape)}. Flatten the labels; several labels of '
            'one image need another loss.')
    if target.is_cpu:
        low, high = int(target.min()), int(target.max())
        if low < 0 or high >= num_classes:
            raise ValueError(
                f'expected labels from 0 to {num_classes - 1}, as the scores '
                f'have {num_classes} columns, got {low if low < 0 else high}. '
                'Correct num_classes of the head or the labels of the data '
                'set.')
    return target.long()


class LongTailedLoss(nn.Module):
    """Base of the losses: checks a batch, and reduces one loss per sample.

    Subclasses give ``sample_losses``, and ``soft_refusal``, the reason for
    which they refuse soft labels, or None.

    Half precision is computed in float32.

    Args:
        reduction (str): 'none', 'mean' or 'sum'. Defaults to 'mean'.
        loss_weight (float): Factor of the loss. Defaults to 1.0.
    """
    soft_refusal: Optional[str] = None

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.):
        super().__init__()
        check_choice('reduction', reduction, REDUCTIONS)
        self.reduction = reduction
        self.loss_weight = loss_weight

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """(B,) losses of (B, C) scores and a target that was checked."""
        raise NotImplementedError

    def weigh(self, losses: Tensor, scores: Tensor, target: Tensor,
              reduction: str) -> Tensor:
        """(B,) losses, each times the weight of its class; here 1."""
        return losses

    def forward(self,
                cls_score: Tensor,
                target: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[float] = None,
                reduction_override: Optional[str] = None) -> Tensor:
        """Compute the loss, with the arguments of mmpretrain's losses.

        Args:
            cls_score (Tensor): (B, C).
            target (Tensor): (B,) labels; some losses take (B, C) soft ones.
            weight (Tensor, optional): (B,) weights of the samples. Defaults
                to None.
            avg_factor (float, optional): By what the sum is divided in a
                mean, instead of by B. Defaults to None.
            reduction_override (str, optional): Instead of ``reduction``.
                Defaults to None.

        Returns:
            Tensor: A scalar, or (B,) without reduction.

        Raises:
            ValueError: If the batch is unfit, see :func:`checked_target`.
        """
        reduction = reduction_override or self.reduction
        check_choice('reduction_override', reduction, REDUCTIONS)
        target = checked_target(cls_score, target, self.soft_refusal)
        if weight is not None and weight.shape != cls_score.shape[:1]:
            raise ValueError(
                f'expected weight of shape ({len(cls_score)},), one per '
                f'sample, got {tuple(weight.shape)}.')
        scores = at_least_float32(cls_score)
        losses = self.sample_losses(scores, target)
        losses = self.weigh(losses, scores, target, reduction)
        return self.loss_weight * weight_reduce_loss(losses, weight, reduction,
                                                     avg_factor)


class CountedLoss(LongTailedLoss):
    """Base of the losses that need the train set's class counts.

    In a run ``mmcurv.ClassCountsHook`` hands them over. What follows from
    them is a buffer that is not saved: a run has its counts from its own
    train set, and weights from another split must not bring those of that
    split along.

    Args:
        name (str): Name of the constant, which becomes a buffer.
        function (Callable): From (C,) counts, float64, to the constant, (C,).
            A function of a module or a partial of one, so that the loss can
            be copied and pickled.
        class_counts (Sequence[int], optional): (C,), for use without a
            Runner. Defaults to None.
        **kwargs: ``reduction`` and ``loss_weight`` of
            :class:`LongTailedLoss`.
    """

    def __init__(self,
                 name: str,
                 function: Callable[[Tensor], Tensor],
                 class_counts: Optional[Any] = None,
                 **kwargs):
        super().__init__(**kwargs)
        self._name = name
        self._function = function
        self._given = None
        self.register_buffer(name, torch.zeros(0), persistent=False)
        if class_counts is not None:
            self.set_class_counts(class_counts)
            self._given = usable_counts(class_counts).long().tolist()

    def set_class_counts(self, counts: Any) -> None:
        """Take the class counts; a later call replaces an earlier one.

        Args:
            counts (Sequence[int]): (C,) training images of every class.

        Raises:
            ValueError: If a class has none, or these are not the counts that
                the loss was built with.
        """
        counts = usable_counts(counts)
        whole = counts.long().tolist()
        if self._given not in (None, whole):
            raise ValueError(
                f'expected the class counts that {type(self).__name__} was '
                f'given as class_counts, {_told(self._given)}, got '
                f'{_told(whole)} of the train set. Leave class_counts out of '
                'the config: ClassCountsHook hands over those of the train '
                'set.')
        constant = self._function(counts)
        setattr(self, self._name, constant.to(getattr(self, self._name)))

    def constant(self, scores: Tensor) -> Tensor:
        """The constant, (C,), in the type of (B, C) scores.

        Raises:
            RuntimeError: If the counts are not known yet.
            ValueError: If they are of another number of classes.
        """
        constant = getattr(self, self._name)
        if constant.numel() == 0:
            raise RuntimeError(
                f'{type(self).__name__} does not know the class counts. Add '
                "class_counts=dict(type='mmcurv.ClassCountsHook') to the "
                'default_hooks, or, without a Runner, give class_counts=[...].'
            )
        _check_columns(scores, constant, 'class counts')
        return constant.to(scores)


class CosineLoss(CountedLoss):
    """Base of the losses that scale cosines themselves.

    A loss that scales by 30 does not train on the scores of a linear layer,
    and its margins, which are distances of cosines, mean nothing there. So
    scores are looked at: in main memory in each step, and on a GPU, where a
    look waits, in steps 1, 2, 4, 8 and so on.

    Args:
        *args: Of :class:`CountedLoss`.
        scale (float): Factor of the cosines, positive.
        **kwargs: Of :class:`CountedLoss`.
    """

    def __init__(self, *args: Any, scale: float, **kwargs):
        check_positive(scale=scale)
        super().__init__(*args, **kwargs)
        self.scale = scale
        self._steps = 0

    def check_cosines(self, scores: Tensor) -> None:
        """Raise ValueError unless (B, C) scores are cosines; nan passes."""
        self._steps += 1
        if not scores.is_cpu and self._steps & (self._steps - 1):
            return
        largest = scores.detach().abs().max().item()
        if largest > 1 + COSINE_TOLERANCE:
            raise ValueError(
                f'{type(self).__name__} expected cosines, from -1 to 1, which '
                f'it scales itself, got a score of size {largest:.4g}. Use a '
                "head of type 'mmcurv.NormedLinearHead' and leave its scale "
                'at 1.')


class ClassWeights:
    """Gives a loss ``set_weights``; stands before the loss it is added to.

    A weighted mean is divided by the sum of the samples' class weights, as
    PyTorch's cross-entropy does, and as LDAM, RIDE and deferred re-weighting
    rely on, unless ``over_weights`` is False: then by the batch size. With
    ``avg_factor``, which heads of mmpretrain set to the batch size, weights
    are scaled to mean 1 in the batch, so that it is the same mean. The sum,
    and losses that are not reduced, have the weights as they are.

    The weights are a buffer that is not saved: whoever sets them by the epoch
    sets them again on resume, and they do not slip into another run that only
    starts from the same checkpoint.
    """
    over_weights = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer('class_weights', None, persistent=False)

    def set_weights(self, weights: Optional[Any]) -> None:
        """Weigh classes from now on, or, with None, no longer.

        Args:
            weights (Tensor | Sequence[float], optional): (C,), positive.

        Raises:
            ValueError: If they are not a vector of positive numbers.
        """
        if weights is not None:
            weights = torch.as_tensor(weights)
            sound = torch.isfinite(weights) & (weights > 0)
            if weights.dim() != 1 or not sound.all():
                raise ValueError(
                    'expected one positive weight per class, or None for no '
                    f'weights, got {weights.tolist()}.')
        self.class_weights = weights

    def weigh(self, losses: Tensor, scores: Tensor, target: Tensor,
              reduction: str) -> Tensor:
        """(B,) losses, each times the weight of its class."""
        if self.class_weights is None:
            return losses
        _check_columns(scores, self.class_weights, 'class weights')
        weights = self.class_weights.to(losses)[target]  # (B,)
        if reduction == 'mean' and self.over_weights:
            weights = weights / weights.mean()
        return weights * losses


def _check_columns(scores: Tensor, vector: Tensor, what: str) -> None:
    """Raise ValueError unless there is one entry per column of the scores."""
    if vector.numel() != scores.shape[1]:
        raise ValueError(
            f'expected {what} of {scores.shape[1]} classes, one per column of '
            f'the scores, got {vector.numel()}. Set num_classes of the head '
            'to the number of classes of the train set.')


def _told(counts: Sequence[int]) -> str:
    """The first counts and their sum, for a message."""
    return (f'{reprlib.repr(counts)}, {sum(counts)} in {len(counts)} '
            'classes')
