# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How large the model and the feature pool of a config are."""
import functools
import json
from typing import Any, List, NamedTuple, Optional, Tuple

import torch
from mmengine.config import Config

from mmcurv.benchmark.matrices.broken_configs import meta_model
from mmcurv.engine.curvature.feature_tap import layer_names
from mmcurv.engine.curvature.hook import usual_mixed
from mmcurv.engine.extraction.layers import last_classifier, usual_layers
from mmcurv.engine.provenance import (canonical_json, count_parameters,
                                      multiply_adds)
from .curvature_cost import pool_bytes as bytes_of_pool
from .fitted_pool import fitted_pool
from .pool_memory import pooled_images
from .train_set import TrainSet

OF_MODEL = ('model', 'data_preprocessor', 'default_scope')
SIZES = ('crop_size', 'scale')  # of transforms that settle the image's size


class ModelSize(NamedTuple):
    """How large a model is.

    Attributes:
        multiply_adds (int, optional): Of one image's forward pass; None if
            it could not be counted.
        weight_bytes (int): Of its parameters and buffers.
        feature_dim (int, optional): Length p of a feature in the pool, or
            of those in all pools together; None without a pool, or if the
            layer does not tell it.
        parameters (int): Trainable and frozen ones.
    """
    multiply_adds: Optional[int]
    weight_bytes: int
    feature_dim: Optional[int]
    parameters: int


def model_size(cfg: Config) -> Optional[ModelSize]:
    """Build a model without memory for its weights, and measure it.

    Args:
        cfg (Config): A training config.

    Returns:
        ModelSize | None: None if the model cannot be built in this way.
    """
    hook = pool_hook(cfg)
    layers = hook and tuple(layer_names(hook['layer']))
    return _size(_model_text(cfg), image_shape(cfg), layers)


def image_shape(cfg: Config) -> Optional[Tuple[int, int, int]]:
    """Channels, height and width of a training image, if the config tells.

    Args:
        cfg (Config): A training config.

    Returns:
        tuple[int, int, int] | None: Height and width are those of the last
        transform that sets them.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset['dataset']
    found = None
    # Augmentations of whole batches come after those of single images.
    batches = (cfg.get('data_preprocessor') or {}).get('augment') or []
    transforms = [*(dataset.get('pipeline') or []), *batches]
    for transform in filter(lambda one: isinstance(one, dict), transforms):
        for key in SIZES:
            size = transform.get(key)
            if isinstance(size, int):
                size = size, size
            if isinstance(size, (list, tuple)) and len(size) == 2 and all(
                    isinstance(side, int) for side in size):
                found = tuple(size)
    mean = (cfg.get('data_preprocessor') or {}).get('mean')
    return (len(mean), *found) if found and mean else None


def pool_hook(cfg: Config) -> Optional[dict]:
    """Config of the hook of Curvature Regularization, None without it.

    Args:
        cfg (Config): A training config.

    Returns:
        dict | None: With ``layer`` and ``mixed`` as the hook will choose
        them; 'head.fc' and 'skip' where the model does not tell.
    """
    hooks = [*(cfg.get('custom_hooks') or [])]
    hooks += filter(None, (cfg.get('default_hooks') or {}).values())
    kinds = [str(hook.get('type')).rpartition('.')[2] for hook in hooks]
    if 'FeaturePoolHook' not in kinds:
        return None
    hook = dict(hooks[kinds.index('FeaturePoolHook')])
    layers, mixed = ['head.fc'], 'skip'
    try:
        model = _model(_model_text(cfg))
    except Exception:  # what is wrong with it, its training will say
        model = None
    if model is not None:
        mixing = [kind for kind in kinds if kind == 'PairedMixupHook']
        mixed, _ = usual_mixed(model, mixing)
        names, _ = usual_layers(model, 'curvature_layers')
        layers = names or _only_classifier(model, cfg) or layers
    for key, value in (('layer', layers), ('mixed', mixed)):
        if hook.get(key) is None:
            hook[key] = value
    return hook


def _only_classifier(model: torch.nn.Module, cfg: Config) -> List[str]:
    classes = (cfg.get('data_preprocessor') or {}).get('num_classes')
    try:
        return [last_classifier(model, classes)]
    except ValueError:  # none, or several; its training will say
        return []


def pool_bytes(hook: dict, counts: List[int],
               feature_dim: int) -> Optional[int]:
    """Memory of the features in a pool.

    Args:
        hook (dict): Config of the hook.
        counts (list[int]): (C,) training images of each class.
        feature_dim (int): p.

    Returns:
        int | None: None if an option of the pool is wrong.
    """
    data = TrainSet(sum(counts), len(counts), max(counts), min(counts), counts)
    pool = fitted_pool(hook)
    if pool is None:
        return None
    slots = pooled_images(dict(pool=pool), data)
    return bytes_of_pool(slots, data.images, data.classes, feature_dim,
                         pool['dtype']).features


def _model_text(cfg: Config) -> str:
    """One for all seeds and data."""
    return canonical_json(
        Config({key: cfg[key]
                for key in OF_MODEL if key in cfg}))


@functools.lru_cache(maxsize=4)
def _model(text: str) -> torch.nn.Module:
    return meta_model(Config(json.loads(text)))


@functools.lru_cache(maxsize=None)
def _size(text: str, shape: Any,
          layers: Optional[Tuple[str, ...]]) -> Optional[ModelSize]:
    try:
        model = _model(text)
    except Exception:  # what is wrong with it, its training will say
        return None
    tensors = [*model.parameters(), *model.buffers()]
    return ModelSize(
        multiply_adds=shape and multiply_adds(model, shape),
        weight_bytes=sum(t.numel() * t.element_size() for t in tensors),
        feature_dim=layers and _sum_of_dims(model, layers),
        parameters=count_parameters(model))


def _sum_of_dims(model: torch.nn.Module, layers: Tuple[str,
                                                       ...]) -> Optional[int]:
    dims = [_feature_dim(model, layer) for layer in layers]
    return None if None in dims else sum(dims)


def _feature_dim(model: torch.nn.Module, layer: str) -> Optional[int]:
    module = dict(model.named_modules()).get(layer)
    for name in ('in_features', 'in_channels'):
        if isinstance(getattr(module, name, None), int):
            return getattr(module, name)
    return None
