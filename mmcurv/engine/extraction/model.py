# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A model with the weights of a checkpoint: what it knows and predicts."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmcurv.arguments import UsageError
from mmcurv.datasets import class_counts, split_fingerprint
from mmcurv.engine.checkpoints import Checkpoint
from mmcurv.engine.hooks.class_counts import serve_model
from mmcurv.evaluation.class_fairness import class_pairs
from mmcurv.registry import DATASETS, MODELS
from mmcurv.samples import check_same_classes
from mmcurv.weights import load_exactly
from .images import SplitImages


def build_model(cfg: Config) -> nn.Module:
    """The model of a config, with random weights; nothing is downloaded.

    Raises:
        UsageError: If the config does not describe a model.
    """
    if cfg.get('model') is None:
        raise UsageError('the config has no model')
    config = cfg.model.to_dict()
    if cfg.get('data_preprocessor') is not None:
        config.setdefault('data_preprocessor', cfg.data_preprocessor.to_dict())
    try:
        return MODELS.build(config)
    except (ValueError, TypeError, KeyError, AssertionError) as error:
        raise UsageError('the model of the config cannot be built: '
                         f'{error}') from error


def load_checkpoint(model: nn.Module, source: Checkpoint, config: str,
                    counts: Optional[List[int]]) -> None:
    """Load weights that must fit.

    Args:
        model (nn.Module): The model.
        source (Checkpoint): The weights.
        config (str): Path of the config, for messages.
        counts (list[int], optional): (C,) training images, for modules whose
            buffers have a shape only after ``set_class_counts``.

    Raises:
        UsageError: If the weights or the counts do not fit the model.
    """
    if counts is not None:
        try:
            serve_model(model, counts)
        except ValueError as error:
            raise UsageError(str(error)) from error
    try:
        load_exactly(model, source.state_dict)
    except ValueError as error:
        raise UsageError(
            f'checkpoint {source.path!r} does not fit the model of config '
            f'{config!r}: {error}. Give the config that it was trained with, '
            'or change the model by --cfg-options') from error


def name_classes(model: nn.Module, source: Checkpoint,
                 images: SplitImages) -> List[str]:
    """Names of the classes of a split.

    Those of the data set, else of the checkpoint, else numbers: as many as
    ``model.head.num_classes`` says, else as there are labels.

    Raises:
        UsageError: If a label has no name, or the data set and the checkpoint
            name other classes or in another order.
    """
    try:
        check_same_classes({
            f'checkpoint {source.path!r}':
            source.class_names,
            f'the {images.split} set of the config':
            images.class_names
        })
    except ValueError as error:
        raise UsageError(str(error)) from error
    needed = int(images.labels.max()) + 1
    names = images.class_names or source.class_names
    if names is None:
        told = getattr(getattr(model, 'head', None), 'num_classes', None)
        size = max(needed, told) if isinstance(told, int) else needed
        return [str(c) for c in range(size)]
    if needed > len(names):
        raise UsageError(
            f'the {images.split} set has label {needed - 1}, but only '
            f'{len(names)} class names; name all classes in metainfo')
    return names


def checked_device(name: Optional[str]) -> str:
    """A device that exists; None takes an accelerator if there is one.

    Raises:
        UsageError: If there is no such device.
    """
    name = name or get_device()
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition('\n')[0]
        raise UsageError(f'--device {name}: {reason}; here is '
                         f'{get_device()!r}') from None
    return name


def describe_model(config: dict) -> str:
    """Such as 'ImageClassifier(ResNet, depth=18)'."""
    backbone = config.get('backbone') or {}
    parts = [str(backbone.get('type', ''))] + [
        f'{key}={backbone[key]}' for key in ('depth', 'arch')
        if isinstance(backbone.get(key), (int, str))
    ]
    inside = ', '.join(part for part in parts if part)
    return f'{config.get("type")}({inside})' if inside else config['type']


def known_train_counts(cfg: Config, source: Checkpoint,
                       images: List[SplitImages],
                       num_classes: int) -> Optional[List[int]]:
    """Training images of each class.

    Those that ``mmcurv.ClassCountsHook`` left in the checkpoint, else those
    of the config's train set.

    Args:
        cfg (Config): The config.
        source (Checkpoint): The checkpoint.
        images (list[SplitImages]): Splits that are built already.
        num_classes (int): C.

    Returns:
        list[int] | None: (C,), or None where the train set cannot be read,
        as on a machine that only tests.

    Raises:
        UsageError: If the model was trained on another number of classes.
    """
    if source.split is not None:
        counts = source.split.class_counts
        if len(counts) != num_classes:
            raise UsageError(
                f'checkpoint {source.path!r} was trained on {len(counts)} '
                f'classes, but the data set of the config has {num_classes}')
        return list(counts)
    built = [part.as_trained for part in images if part.split == 'train']
    try:
        if not built:
            config = cfg.train_dataloader.to_dict()['dataset']
            built = [DATASETS.build(config)]
        return class_counts(built[0], num_classes)
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError,
            ValueError):
        return None


def doubts_of_train_set(source: Checkpoint, images: List[SplitImages],
                        counts: Optional[List[int]]) -> List[str]:
    """What the user should know about the train set, line by line."""
    lines = []
    if counts is None:
        lines.append('The training images of each class are not known: the '
                     'checkpoint does not tell them, and the train set of the '
                     'config cannot be read.')
    for part in images:
        if part.split == 'train' and source.split is not None:
            found = split_fingerprint(part.as_trained)
            if found != source.split.fingerprint:
                lines.append(
                    'WARNING: the train set of the config is not the one that '
                    f'the checkpoint was trained on ({source.split.dataset}, '
                    f'{sum(source.split.class_counts)} images; fingerprints '
                    f'{source.split.fingerprint[:12]} and {found[:12]}).')
    return lines


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
