# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A model with the weights of a checkpoint, and the classes it knows."""
from typing import List, Optional

import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch import nn

from mmcurv.registry import MODELS
from mmcurv.weights import load_exactly
from .checkpoints import Checkpoint
from .config_options import UsageError
from .hooks.class_counts import serve_model
from .split_images import SplitImages


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
        UsageError: If a label has no name.
    """
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
