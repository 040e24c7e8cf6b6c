# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a model says of a batch: labels, predictions, confidence."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmcurv.evaluation.class_fairness import class_pairs
from .config_options import UsageError


def predict(model: nn.Module, batch: Any) -> List[Any]:
    """Run a model as a test does.

    Args:
        model (nn.Module): A model of an mm project, not wrapped.
        batch: From a loader.

    Returns:
        list: B data samples with predictions.

    Raises:
        UsageError: If the model does not classify images in this way.
    """
    if not isinstance(model, BaseModel):
        raise UsageError(
            f'expected a model of mmengine, got {type(model).__name__}, '
            'which has no test_step; extract its features yourself and give '
            'them as arrays')
    try:
        samples = model.test_step(batch)
    except (TypeError, NotImplementedError, AttributeError) as error:
        raise UsageError(
            f'{type(model).__name__} could not predict a batch of the data '
            f'set ({type(error).__name__}: {error}). Expected a classifier '
            'whose forward(inputs, data_samples, mode="predict") takes what '
            'the test pipeline gives') from error
    if not isinstance(samples, (list, tuple)) or not all(
            hasattr(sample, 'get') for sample in samples):
        raise UsageError(
            f'{type(model).__name__} predicts {type(samples).__name__}; '
            'expected a list of data samples with pred_score or pred_label, '
            'as classifiers of mmpretrain give')
    return list(samples)


def batch_columns(samples: Sequence[Any],
                  num_classes: int) -> Dict[str, np.ndarray]:
    """Labels, predictions and confidence of B samples.

    Args:
        samples (Sequence): Data samples of a classifier.
        num_classes (int): C.

    Returns:
        dict[str, np.ndarray]: labels and predictions (B,), int64, and
        confidence (B,), float64, the largest softmax probability; nan where
        the model gives no probabilities.

    Raises:
        UsageError: If a sample has no label or prediction, or the model has
            another number of classes.
    """
    fields = [_fields(sample) for sample in samples]
    try:
        pairs = np.array(class_pairs(fields)).reshape(-1, 2)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if pairs[:, 1].max(initial=-1) >= num_classes:
        raise UsageError(
            f'the model predicts class {pairs[:, 1].max()}, but the data set '
            f'has {num_classes} classes; give the data set that it was '
            'trained for')
    return dict(
        labels=pairs[:, 0],
        predictions=pairs[:, 1],
        confidence=_confidence([s.get('pred_score') for s in fields],
                               num_classes))


def _fields(sample: Any) -> dict:
    names = ('gt_label', 'pred_label', 'pred_score')
    values = {name: sample.get(name) for name in names}
    return {name: v for name, v in values.items() if v is not None}


def _confidence(scores: Sequence[Optional[Tensor]],
                num_classes: int) -> np.ndarray:
    if any(score is None for score in scores):
        return np.full(len(scores), np.nan)
    for score in scores:
        if score.numel() != num_classes:
            raise UsageError(
                f'the model scores {score.numel()} classes, but the data set '
                f'has {num_classes}; give the data set that it was trained '
                'for')
    stacked = torch.stack([score.flatten() for score in scores])
    stacked = stacked.cpu().double()  # (B, C)
    # Half precision sums 1000 probabilities to within a few thousandths.
    proper = (stacked >= 0).all(1) & ((stacked.sum(1) - 1).abs() < 0.01)
    return torch.where(proper, stacked.amax(1), torch.nan).numpy()
