# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The images of a config's train or test set, each once, as they are tested.
"""
import copy
import hashlib
import os
import os.path as osp
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmcurv.arguments import SPLITS, UsageError
from mmcurv.datasets import dataset_labels, split_fingerprint
from mmcurv.datasets.labels import PATH_KEYS
from mmcurv.registry import DATASETS
from mmcurv.samples import get_labels
from .layers import LayerTaps, TapPoint, find_layer


@dataclass(frozen=True)
class SplitImages:
    """Images of a split in a fixed order.

    Attributes:
        split (str): 'train' or 'test'.
        loader (dict): Config of the loader without its data set and sampler.
        dataset_config (dict): Config of the data set, for its identity.
        as_trained: The data set with the wrappers that repeat images.
        dataset: The data set that holds each image once.
        labels (np.ndarray): (N,) int64.
    """
    split: str
    loader: Dict[str, Any]
    dataset_config: Dict[str, Any]
    as_trained: Any
    dataset: Any
    labels: np.ndarray

    @property
    def class_names(self) -> Optional[List[str]]:
        """list[str] | None: Names of the classes, where it tells them."""
        metainfo = getattr(self.dataset, 'metainfo', None) or {}
        names = metainfo.get('classes')
        return [str(name) for name in names] if names else None

    @property
    def fingerprint(self) -> str:
        """str: SHA-256 of the images' names or pixels and labels."""
        return split_fingerprint(self.dataset)

    @property
    def files_sha256(self) -> Optional[str]:
        """str | None: SHA-256 of sizes and times of change of the files."""
        files = [path for path in self.paths() or [] if '://' not in path]
        digest = hashlib.sha256()
        for path in files:
            try:
                about = os.stat(path)
            except OSError:  # whoever reads it will say so
                continue
            line = f'{path} {about.st_size} {about.st_mtime_ns}\n'
            digest.update(line.encode())
        return digest.hexdigest() if files else None

    def paths(self) -> Optional[List[str]]:
        """Image files in order; None if the images are held in memory."""
        if not hasattr(self.dataset, 'get_data_info'):
            return None
        found = []
        for i in range(len(self.dataset)):
            info = self.dataset.get_data_info(i)
            path = next((info[k] for k in PATH_KEYS if k in info), None)
            if path is None:
                return None
            found.append(path if '://' in path else osp.abspath(path))
        return found

    def batches(self, start: int) -> DataLoader:
        """A loader of the images from number ``start`` on."""
        return Runner.build_dataloader(
            dict(
                self.loader,
                dataset=self.dataset,
                sampler=range(start, len(self.labels))))


def split_images(cfg: Config, split: str) -> SplitImages:
    """Build a split of a config.

    Args:
        cfg (Config): A config that can be trained and tested.
        split (str): 'train' takes the train set with the images of the test,
            so without augmentation, in order, and each image once even where
            a wrapper repeats it; 'test' takes the test set.

    Returns:
        SplitImages: At least one image, each with a label.

    Raises:
        UsageError: If the config has no such set, or it cannot be read, is
            empty or has no labels.
    """
    loader = _loader_config(cfg, split)
    config = loader.pop('dataset')
    for key in ('sampler', 'batch_sampler', 'drop_last', 'shuffle',
                'num_batch_per_epoch'):
        loader.pop(key, None)
    try:
        as_trained = DATASETS.build(copy.deepcopy(config))
        if hasattr(as_trained, 'full_init'):
            as_trained.full_init()
        dataset = distinct_images(as_trained)
        size = len(dataset)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError,
            AssertionError) as error:
        raise UsageError(
            f'the {split} set of the config cannot be read: {error} Correct '
            'its paths, for example by --cfg-options '
            f'{_innermost_key(split, config)}.data_root=FOLDER') from error
    if size == 0:
        raise UsageError(f'the {split} set of the config is empty; expected '
                         'at least one image. Check its paths and filters')
    try:
        labels = dataset_labels(dataset)
    except (TypeError, ValueError, KeyError) as error:
        reason = f'no {error}' if isinstance(error, KeyError) else error
        raise UsageError(f'the {split} set of the config has no usable '
                         f'labels: {reason}') from error
    return SplitImages(split, loader, config, as_trained, dataset, labels)


def distinct_images(dataset: Any) -> Any:
    """A data set without the wrappers that show images several times."""
    if isinstance(dataset, (RepeatDataset, ClassBalancedDataset)):
        return distinct_images(dataset.dataset)
    if isinstance(dataset, ConcatDataset):
        members = [distinct_images(member) for member in dataset.datasets]
        if any(a is not b for a, b in zip(members, dataset.datasets)):
            return ConcatDataset(members)
    return dataset


def _loader_config(cfg: Config, split: str) -> Dict[str, Any]:
    if split not in SPLITS:
        raise UsageError(f"--split: expected one of {', '.join(SPLITS)}, got "
                         f'{split!r}')
    name = f'{split}_dataloader'
    if cfg.get(name) is None:
        raise UsageError(f'--split {split}: the config has no {name}')
    if split == 'test':
        return Config(dict(loader=cfg[name])).to_dict()['loader']
    try:
        loader = train_set_as_tested(cfg)
    except ValueError as error:
        raise UsageError(f'--split train: {error}') from error
    return Config(dict(loader=loader)).to_dict()['loader']


def _innermost_key(split: str, config: Dict[str, Any]) -> str:
    key = f'{split}_dataloader.dataset'
    while isinstance(config.get('dataset'), dict):
        key, config = f'{key}.dataset', config['dataset']
    return key


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
    find_layer(model, layer)
    point = TapPoint(layer, layer, 'input', layer)
    features, labels = [], []
    training = model.training
    model.eval()
    try:
        with LayerTaps(model, [point], 'flatten') as taps:
            for batch in loader:
                batch = model.data_preprocessor(batch, False)
                model(**batch, mode='predict')
                features.append(taps.take()[layer])
                labels.append(get_labels(batch['data_samples']).cpu())
    finally:
        model.train(training)
    return torch.cat(features), torch.cat(labels)
