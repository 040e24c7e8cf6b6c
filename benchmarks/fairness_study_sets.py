# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images and schedules of ``fairness_study.py``, all images in memory."""
import os
import os.path as osp
from functools import lru_cache

import numpy as np
from mmengine.config import Config
from mmpretrain.registry import DATASETS, MODELS

from mmcurv.models import CifarResNet

CONFIG = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
FASHION = '/usr/share/datasets/fashion-mnist'  # of the Debian package
CIFAR = 'data/cifar100_if10'  # train/<class>/*.png and test/<class>/*.png
FLIP = [dict(type='BatchRandomFlip', prob=0.5)]
# Of all sets, where they say nothing else.
USUAL = dict(
    epochs=14,
    batch=64,
    augment=[],
    milestones=[10, 12],
    gamma=0.1,
    channels=16)
# Training images of each class, channels of the first stage, and a schedule;
# the network, the rate and what is not said are those of CONFIG.
SETS = {
    'fashion_lt':
    dict(
        USUAL, counts='bundled', epochs=18, augment=FLIP, milestones=[14, 16]),
    'fashion_balanced':
    dict(USUAL, counts=[250] * 10, epochs=18, milestones=[13, 16]),
    'cifar_balanced':
    dict(USUAL, counts=[60] * 40, channels=32),
    'cifar_lt':
    dict(
        USUAL,
        counts=[round(150 * 10**(-c / 39)) for c in range(40)],
        channels=32,
        epochs=20,
        milestones=[15, 18]),
    # Seconds, for a test of the program.
    'tiny':
    dict(USUAL, counts=[10] * 10, channels=2, epochs=4, augment=FLIP),
}


@MODELS.register_module()
class HalvingResNet(CifarResNet):
    """Its first convolution halves the map, so that two cores suffice."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv1.stride = (2, 2)


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
    if cifar:
        cfg.model.backbone.type = 'HalvingResNet'
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
    counts = SETS[name]['counts']
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
    train_set = _cifar_list('train', classes, counts, folder, seed)
    return _in_memory(**train_set), _cifar_test(classes, osp.dirname(folder))


@lru_cache(maxsize=1)
def _fashion_test():
    return _in_memory(
        type='mmcurv.FashionMNIST', data_root=FASHION, split='test')


@lru_cache(maxsize=1)
def _cifar_test(classes, folder):
    return _in_memory(**_cifar_list('test', classes, None, folder))


def _cifar_list(split, classes, counts, folder, seed=None):
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
        pipeline=[dict(type='LoadImageFromFile')],
        metainfo=dict(classes=classes),
        test_mode=split == 'test')


def _in_memory(cut=None, pipeline=(), **dataset):
    dataset['pipeline'] = [*pipeline, dict(type='PackInputs')]
    if cut is not None:
        dataset = dict(type='mmcurv.LongTailed', dataset=dataset, **cut)
    return DATASETS.build(dict(type='mmcurv.InMemoryDataset', dataset=dataset))
