# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The configs that come with the project, and their smallest possible runs."""
import functools
import re
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmcurv.datasets.dataset_labels import dataset_labels
from mmcurv.datasets.fashion_mini import FashionMini

ROOT = Path(__file__).parents[1]
# configs/geometry is of no method: it measures, without CR.
METHODS = sorted(
    path.parent.name for path in ROOT.glob('configs/*/metafile.yml')
    if path.parent.name != 'geometry')
CONFIGS = [
    path for method in METHODS
    for path in sorted((ROOT / 'configs' / method).glob('*.py'))
]
TWINS = [path for path in CONFIGS if path.stem.endswith('_cr')]
BASELINES = [path for path in CONFIGS if path not in TWINS]
IMBALANCES = [200, 100, 50, 10]
# Those of Tables 3 and 4, with the network of each, and those of Table 5. The
# others make families whose members differ in their imbalance.
LARGE_SETS = {'imagenet-lt': 'resnext50', 'inaturalist2018': 'resnet50'}
LARGE = [
    path for path in CONFIGS
    if any(f'_{data}' in path.stem for data in LARGE_SETS)
]
BALANCED = [
    path for path in CONFIGS
    if re.search(r'_(imagenet|cifar100)(_adam)?(_cr)?$', path.stem)
]
OTHERS = [path for path in CONFIGS if path not in LARGE + BALANCED]


@functools.lru_cache(maxsize=None)
def read(path):
    """A config that is not to be changed."""
    return Config.fromfile(path)


def load(name):
    """A config by the stem of its file, not to be changed."""
    (path, ) = [path for path in CONFIGS if path.stem == name]
    return read(path)


def names_of(paths):
    return [path.stem for path in paths]


def without_factor(path):
    """Name of the family: that of a config but for its imbalance factor."""
    return re.sub(r'-if\d+', '', path.stem)


def family_members(paths):
    """Configs by the name of their family."""
    families = {}
    for path in paths:
        families.setdefault(without_factor(path), []).append(path)
    return families


# Configs of one family differ by numbers only, which test_method_configs.py
# shows; so one of each is built and trained.
FAMILIES = [
    min(paths, key=lambda path: 'if100' not in path.stem)
    for paths in family_members([path for path in OTHERS
                                 if path not in TWINS]).values()
]


def loaded(dataset):
    """The config of a data set, or of the one that is kept in memory."""
    if dataset.type == 'mmcurv.InMemoryDataset':
        return dataset.dataset
    return dataset


@functools.lru_cache(maxsize=None)
def few_of_each_class(split):
    """Indices of 14, 13, ..., 5 bundled images of the ten classes."""
    labels = dataset_labels(FashionMini(split))
    return np.concatenate(
        [np.flatnonzero(labels == c)[:14 - c] for c in range(10)]).tolist()


def use_tiny_data(cfg, data_folder):
    """Point every data set of a config at the tiny files."""
    train, val, test = (
        loaded(loader.dataset)
        for loader in (cfg.train_dataloader, cfg.val_dataloader,
                       cfg.test_dataloader))
    if train.type == 'mmcurv.LongTailed':
        train.imbalance_factor = 2 if train.imbalance_factor > 2 else 1
        train = train.dataset
    for dataset in (train, val, test):
        if dataset.type == 'mmcurv.FashionMini':
            dataset.indices = few_of_each_class(dataset.split)
        else:
            dataset.data_root = dataset.data_root.replace(
                'data/', f'{data_folder}/', 1)
    for loader in (cfg.train_dataloader, cfg.val_dataloader,
                   cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
