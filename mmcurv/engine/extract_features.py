# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features of a whole data set at one layer of a model."""
import copy
from typing import Any, Dict, List, Tuple

import torch
from torch import Tensor, nn

from mmcurv.samples import get_labels
from .curvature.feature_tap import find_layer


@torch.no_grad()
def extract_features(model: nn.Module, loader: Any,
                     layer: str) -> Tuple[Tensor, Tensor]:
    """Inputs of a layer, in evaluation mode, over a data loader.

    The model's mode is restored afterwards.

    Args:
        model (nn.Module): A model of an mm project, not wrapped.
        loader: Its data loader, one label per sample.
        layer (str): Name of a layer with input (B, p), usually the last
            classifier layer.

    Returns:
        tuple: Features (N, p), float32, and labels (N,), on the CPU.
    """
    inputs, features, labels = [], [], []
    handle = find_layer(model, layer).register_forward_pre_hook(
        lambda _, args: inputs.append(args[0].flatten(1).float().cpu()))
    training = model.training
    model.eval()
    try:
        for batch in loader:
            batch = model.data_preprocessor(batch, False)
            model(**batch, mode='predict')
            if len(inputs) != 1:
                raise RuntimeError(
                    f'layer={layer!r} must run exactly once per batch, but '
                    f'ran {len(inputs)} times. Choose another layer.')
            features.append(inputs.pop())
            labels.append(get_labels(batch['data_samples']).cpu())
    finally:
        handle.remove()
        model.train(training)
    return torch.cat(features), torch.cat(labels)


def train_set_as_tested(cfg: Any) -> Dict[str, Any]:
    """Config of a loader over the train set with the images of the test.

    Args:
        cfg: A config with ``train_dataloader`` and ``val_dataloader`` or
            ``test_dataloader``.

    Returns:
        dict: The val loader over the train set, whose innermost data sets
        have the val set's pipeline, so without augmentation and in order.
    """
    loader = copy.deepcopy(
        cfg.get('val_dataloader') or cfg.get('test_dataloader'))
    if loader is None:
        raise ValueError('expected val_dataloader or test_dataloader in the '
                         'config, whose pipeline shows images unaugmented, '
                         'got neither. Give the dataloader argument.')
    pipeline = _innermost(loader['dataset'])[0]['pipeline']
    loader['dataset'] = copy.deepcopy(cfg['train_dataloader']['dataset'])
    for dataset in _innermost(loader['dataset']):
        dataset['pipeline'] = copy.deepcopy(pipeline)
    return loader


def _innermost(dataset: Dict[str, Any]) -> List[Dict[str, Any]]:
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    if 'datasets' in dataset:  # a concatenation
        return [
            inner for member in dataset['datasets']
            for inner in _innermost(member)
        ]
    if 'pipeline' not in dataset:
        raise ValueError('expected a data set with a pipeline, got '
                         f'type={dataset.get("type")!r}. Give the loader of '
                         'the train set as the dataloader argument.')
    return [dataset]
