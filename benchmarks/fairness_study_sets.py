# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images and schedules of ``fairness_study.py``, all images in memory."""
import os
import os.path as osp
from functools import lru_cache

import numpy as np
from mmengine.config import Config
from mmpretrain.registry import DATASETS

CONFIG = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
FASHION = '/usr/share/datasets/fashion-mnist'  # of the Debian package
CIFAR = 'data/cifar100_if10'  # train/<class>/*.png and test/<class>/*.png
CROP_FLIP = [
    dict(type='BatchRandomCrop', crop_size=28, padding=4),
    dict(type='BatchRandomFlip', prob=0.5)
]
SHORT = dict(epochs=14, batch=64, augment=[], milestones=[10, 12], gamma=0.1)
# Training images of each class, pixels of a side, channels of the first
# stage, and a schedule; the network, the rate and what is not said are those
# of CONFIG, as is the schedule of fashion_lt.
SETS = {
    'fashion_lt':
    dict(
        counts='bundled',
        side=28,
        channels=8,
        epochs=20,
        batch=64,
        augment=CROP_FLIP,
        milestones=[16, 18],
        gamma=0.01),
    'fashion_balanced':
    dict(SHORT, counts=[250] * 10, side=28, channels=8),
    'cifar_balanced':
    dict(SHORT, counts=[60] * 40, side=16, channels=32),
    'cifar_lt':
    dict(
        SHORT,
        counts=[round(150 * 10**(-c / 39)) for c in range(40)],
        side=16,
        channels=32),
    # Seconds, for a test of the program.
    'tiny':
    dict(
        SHORT,
        counts=[10] * 10,
        side=28,
        channels=2,
        epochs=4,
        augment=CROP_FLIP),
}


def set_config(name, num_classes):
    """The shipped config, with what the table of sets says."""
    own, cifar = SETS[name], name.startswith('cifar')
    cfg = Config.fromfile(CONFIG)
    cfg.data_preprocessor = dict(
        type='mmcurv.BatchAugmentPreprocessor',
        num_classes=num_classes,
        augment=own['augment'],
        mean=[125.307, 122.961, 113.8575] if cifar else [72.940],
        std=[51.5865, 50.847, 51.255] if cifar else [90.021],
        to_rgb=cifar)  # files are read as BGR
    cfg.model.backbone.update(
        base_channels=own['channels'], in_channels=3 if cifar else 1)
    cfg.model.head.update(
        in_channels=4 * own['channels'], num_classes=num_classes)
    cfg.param_scheduler[1].update(
        milestones=own['milestones'], gamma=own['gamma'])
    return cfg


def images_of(name, seed, folder):
    """Training images, drawn anew for each seed, and the test images.

    The bundled training images are always the same. Their test images are
    all 10,000 of Fashion-MNIST, as those of the balanced set.
    """
    counts, side = SETS[name]['counts'], SETS[name]['side']
    if name == 'tiny':
        train_set = dict(split='train', cut=dict(counts=counts, seed=seed))
        return [
            _in_memory(type='mmcurv.FashionMini', **part)
            for part in (train_set, dict(split='test'))
        ]
    if counts == 'bundled':
        return _in_memory(
            type='mmcurv.FashionMini', split='train'), _fashion_test()
    if name.startswith('fashion'):
        return _in_memory(
            type='mmcurv.FashionMNIST',
            data_root=FASHION,
            split='train',
            cut=dict(counts=counts, seed=seed)), _fashion_test()
    classes = tuple(sorted(os.listdir(osp.join(CIFAR, 'train')))[:len(counts)])
    train_set = _cifar_list('train', classes, counts, side, folder, seed)
    return _in_memory(**train_set), _cifar_test(classes, side,
                                                osp.dirname(folder))


@lru_cache(maxsize=1)
def _fashion_test():
    return _in_memory(
        type='mmcurv.FashionMNIST', data_root=FASHION, split='test')


@lru_cache(maxsize=1)
def _cifar_test(classes, side, folder):
    return _in_memory(**_cifar_list('test', classes, None, side, folder))


def _cifar_list(split, classes, counts, side, folder, seed=None):
    """A list of so many images of each class, or all, drawn by a seed."""
    lines = []
    for c, name in enumerate(classes):
        files = sorted(os.listdir(osp.join(CIFAR, split, name)))
        if counts is not None:
            rng = np.random.default_rng([seed, c])
            files = rng.permutation(files)[:counts[c]]
        lines += [f'{name}/{file} {c}' for file in files]
    path = osp.abspath(osp.join(folder, f'{split}-{os.getpid()}.txt'))
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
    return dict(
        type='CustomDataset',
        data_root=osp.join(CIFAR, split),
        ann_file=path,
        side=side,
        metainfo=dict(classes=classes),
        test_mode=split == 'test')


def _in_memory(cut=None, side=None, **dataset):
    pipeline = [dict(type='PackInputs')]
    if side is not None:
        pipeline[:0] = [
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(side, side), interpolation='area')
        ]
    dataset['pipeline'] = pipeline
    if cut is not None:
        dataset = dict(type='mmcurv.LongTailed', dataset=dataset, **cut)
    return DATASETS.build(dict(type='mmcurv.InMemoryDataset', dataset=dataset))
