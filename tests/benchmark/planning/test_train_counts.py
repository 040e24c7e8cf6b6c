# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import csv
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcurv.benchmark.matrix import FACTOR
from mmcurv.benchmark.planning.train_counts import train_counts
from mmcurv.engine.config_options import merged_config

CIFAR = 'configs/ce/ce_resnet32_cifar100-lt-if100.py'
DATA = dict(cifar10=['configs/_base_/datasets/cifar10_lt.py'], cifar100=[])
PUBLISHED = Path(__file__).parents[2] / 'data' / 'cifar_lt_class_counts.csv'


def of_dataset(**dataset):
    return train_counts(Config(dict(train_dataloader=dict(dataset=dataset))))


def test_counts_of_cifar_lt_are_the_published_ones():
    published = {}
    with open(PUBLISHED) as file:
        for row in csv.DictReader(file):
            key = row['dataset'], row['imbalance_factor']
            published.setdefault(key, []).append(int(row['count']))
    compared = 0
    for (data, factor), counts in published.items():
        if data in DATA:
            cfg = merged_config(CIFAR, {FACTOR: float(factor)}, DATA[data])
            assert train_counts(cfg) == counts
            compared += 1
    assert compared == 10


def test_bundled_data_are_counted():
    cfg = Config.fromfile('configs/ce/ce_resnet8_fashion-mini-if100.py')
    counts = train_counts(cfg)
    assert (sum(counts), max(counts), min(counts)) == (2478, 1000, 10)
    cfg.train_dataloader.dataset.indices = [0, 1, 2477]
    assert train_counts(cfg) == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize('dataset, total', [
    (dict(type='CIFAR10'), 50000),
    (dict(type='mmpretrain.CIFAR100', split='train'), 50000),
    (dict(type='mmcurv.FashionMNIST'), 60000),
    (dict(type='mmcurv.SVHN'), 73257),
    (dict(type='mmcurv.ImageNetLT'), 115846),
    (dict(type='mmcurv.InMemoryDataset', dataset=dict(type='CIFAR10')), 50000),
    (dict(
        type='mmcurv.LongTailed',
        counts=[600] * 10,
        dataset=dict(type='CIFAR10')), 6000),
    (dict(
        type='mmcurv.LongTailed',
        imbalance_factor=100,
        profile='step',
        dataset=dict(type='CIFAR10')), 5 * 5000 + 5 * 50),
])
def test_known_sets_need_no_files(dataset, total):
    assert sum(of_dataset(**dataset)) == total


@pytest.mark.parametrize('dataset', [
    dict(type='CustomDataset', data_root='x'),
    dict(type='CIFAR10', split='test'),
    dict(type='CIFAR10', indices=10),
    dict(
        type='mmcurv.LongTailed',
        imbalance_factor=0.01,
        dataset=dict(type='CIFAR10')),
    dict(
        type='mmcurv.LongTailed',
        imbalance_factor=2,
        dataset=dict(type='ImageNet')),
])
def test_all_else_is_unknown(dataset):
    assert of_dataset(**dataset) is None


def test_config_without_data_is_unknown():
    assert train_counts(Config(dict(model=dict()))) is None
