# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Scores and labels that a loss can take, or why it cannot."""
from typing import Optional

import torch
from torch import Tensor


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
        ValueError: If the batch is empty, a shape is wrong, a label is no
            column of the scores, or soft labels are refused.
    """
    if cls_score.dim() != 2 or cls_score.shape[1] < 2:
        raise ValueError(
            'expected scores of shape (B, C) for at least two classes, got '
            f'{tuple(cls_score.shape)}. Give the head num_classes of at '
            'least 2, and pool the feature before it.')
    if len(cls_score) == 0:
        raise ValueError('expected at least one sample, got an empty batch, '
                         'whose mean loss would be nan. Leave out the step.')
    if target.is_floating_point():
        return _checked_soft(cls_score, target, soft_refusal)
    return _checked_hard(cls_score, target)


def _checked_soft(cls_score: Tensor, target: Tensor,
                  refusal: Optional[str]) -> Tensor:
    if refusal is not None:
        raise ValueError(
            'expected one integer label per sample, got soft labels of shape '
            f'{tuple(target.shape)}. {refusal} To mix images, use a hook that '
            "keeps both labels, such as 'mmcurv.PairedMixupHook', instead of "
            'batch augments, and a head that takes them one at a time, '
            "'mmcurv.PairedLinearHead' or 'mmcurv.NormedLinearHead'.")
    if target.shape != cls_score.shape:
        raise ValueError(
            'expected soft labels of the shape of the scores, '
            f'{tuple(cls_score.shape)}, got {tuple(target.shape)}. Give the '
            'head and the data preprocessor the same num_classes.')
    return target.to(cls_score.dtype)


def _checked_hard(cls_score: Tensor, target: Tensor) -> Tensor:
    num_samples, num_classes = cls_score.shape
    if target.shape != (num_samples, ):
        raise ValueError(
            f'expected one label per sample, shape ({num_samples},), got '
            f'{tuple(target.shape)}. Flatten the labels; several labels of '
            'one image need another loss.')
    target = target.long()
    low, high = torch.stack(torch.aminmax(target)).tolist()  # waits once
    if low < 0 or high >= num_classes:
        raise ValueError(
            f'expected labels from 0 to {num_classes - 1}, as the scores have '
            f'{num_classes} columns, got {low if low < 0 else high}. Correct '
            'num_classes of the head or the labels of the data set.')
    return target
