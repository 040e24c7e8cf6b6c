# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The configs that come with the project, their commands and smallest runs."""
import functools
import re
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmcurv.datasets import FashionMini, dataset_labels
from mmcurv.engine.config_options import merged_config

ROOT = Path(__file__).parents[1]
BASES = 'configs/_base_/'
FACTOR = 'train_dataloader.dataset.imbalance_factor'
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
BUNDLED = [path for path in BASELINES if 'fashion-mini' in path.stem]
CIFAR = [path for path in BASELINES if 'cifar100-lt' in path.stem]
# Those of Tables 3 and 4, with the network of each, and those of Table 5.
LARGE_SETS = {'imagenet-lt': 'resnext50', 'inaturalist2018': 'resnet50'}
LARGE = [
    path for path in BASELINES
    if any(f'_{data}' in path.stem for data in LARGE_SETS)
]
BALANCED = [
    path for path in BASELINES
    if path.stem in ('ce_resnet50_cifar100', 'ce_resnet50_imagenet')
]
IMBALANCES = [200, 100, 50, 10]


@functools.lru_cache(maxsize=None)
def read(path):
    """A config that is not to be changed."""
    return Config.fromfile(path)


@functools.lru_cache(maxsize=None)
def load(name, data='cifar100', recipe='', factor=100, cr=False):
    """A config by the stem of its file, with switches, not to be changed.

    Args:
        name (str): Stem, or the method of a config for CIFAR-100-LT.
        data (str): Of CIFAR-LT, 'cifar10' or 'cifar100'.
        recipe (str): '' for that of the file, 'common' or 'paper'.
        factor (float): Imbalance factor of CIFAR-LT.
        cr (bool): With Curvature Regularization.
    """
    if name in METHODS:
        name += '_resnet32_cifar100-lt-if100'
    path, = (path for path in CONFIGS if path.stem == name)
    files, options = [], {}
    if data == 'cifar10':
        files.append(BASES + 'datasets/cifar10_lt.py')
    if factor != 100:
        options[FACTOR] = factor
    if recipe:
        more, options_of = recipe_switches(name, recipe)
        files += more
        options.update(options_of)
    return merged_config(str(path), options, files, cr)


def recipe_switches(name, recipe):
    """Files and options that bring the common recipe or the paper's."""
    kind = 'cifar'
    for key in LARGE_SETS:
        kind = key.replace('-', '_') if key in name else kind
    assert (recipe == 'common') == (kind == 'cifar')
    files, options = [f'{BASES}recipes/{kind}_200e.py'], {}
    if name.startswith('paco'):
        files.append(f'{BASES}recipes/{kind}_two_views.py')
    if name == 'mislas_resnext50_imagenet-lt':
        options['stages.1.of'] = 200
    if name == 'bbn_resnet50_inaturalist2018':
        options['model.head.horizon_share'] = 1.
    return files, options


def names_of(paths):
    return [path.stem for path in paths]


def leaves(value, prefix=''):
    """Every value of nested dicts by its dotted key."""
    if not isinstance(value, dict):
        return {prefix[:-1]: value}
    found = {}
    for key, inner in value.items():
        found.update(leaves(inner, f'{prefix}{key}.'))
    return found


# Variables of the files, and what a config says of other configs.
NOT_THE_RUN = re.compile(
    r'(\w+_pipeline|\w+_view|recipe_of|switches|image_size|network_size|'
    r'curvature_file)(\.|$)')


def changed_keys(cfg, other):
    """Dotted keys of the values that differ, but for what has no effect."""
    ours, theirs = leaves(cfg.to_dict()), leaves(other.to_dict())
    return {
        key
        for key in {*ours, *theirs} if not NOT_THE_RUN.match(key) and (
            key not in ours or key not in theirs or ours[key] != theirs[key])
    }


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
