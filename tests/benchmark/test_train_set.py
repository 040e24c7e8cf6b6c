# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images that a config trains on, without the data."""
import csv
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.benchmark.cost import TrainSet, train_counts, train_set
from mmcurv.benchmark.matrix import FACTOR
from mmcurv.engine.config_options import merged_config
from tests.real_formats import write_class_folders

CIFAR = 'configs/ce/ce_resnet32_cifar100-lt-if100.py'
DATA = dict(cifar10=['configs/_base_/datasets/cifar10_lt.py'], cifar100=[])
PUBLISHED = Path(__file__).parents[1] / 'data' / 'cifar_lt_class_counts.csv'


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


def set_of(read_data=False, **dataset):
    loader = dict(dataset=dataset)
    cfg = dict(default_scope='mmpretrain', train_dataloader=loader)
    return train_set(Config(cfg), read_data)


def test_imagenet_lt_is_counted_without_its_images():
    data = set_of(type='mmcurv.ImageNetLT', split='train')
    assert data[:4] == (115846, 1000, 1280, 5)
    assert data.class_sizes is data.counts


def test_svhn_is_counted_without_its_images():
    data = set_of(type='mmcurv.SVHN', data_root='x')
    assert data[:4] == (73257, 10, 13861, 4659)


@pytest.mark.parametrize('name, total', [
    ('mmcurv.INaturalist2018', (437513, 8142, 1000, 2)),
    ('ImageNet', (1281167, 1000, 1300, 732)),
])
def test_only_the_total_of_some_sets_is_published(name, total):
    data = set_of(type=name, split='train')
    assert data == TrainSet(*total, None)
    assert sum(data.class_sizes) == pytest.approx(total[0])
    assert len(data.class_sizes) == total[1]


@pytest.mark.parametrize('dataset', [
    dict(type='CustomDataset', data_root='x'),
    dict(type='ImageNet', split='val'),
    dict(type='mmcurv.INaturalist2018', ann_file='mine.txt'),
    dict(type='mmcurv.ImageNetLT', ann_file='mine.txt'),
    dict(type='mmcurv.ImageNetLT', indices=100),
])
def test_other_sets_are_not_known(dataset):
    assert set_of(**dataset) is None


def test_set_in_memory_is_the_one_inside():
    inside = dict(type='CIFAR10')
    data = set_of(type='mmcurv.InMemoryDataset', dataset=inside)
    assert data[:4] == (50000, 10, 5000, 5000)


def test_images_are_counted_if_asked_for(tmp_path):
    write_class_folders(tmp_path, 3, per_class=4)
    data = set_of(
        True, type='CustomDataset', data_root=str(tmp_path / 'train'))
    assert data == TrainSet(12, 3, 4, 4, [4, 4, 4])


def test_missing_images_are_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match='the train set cannot be read: '):
        set_of(True, type='CustomDataset', data_root=str(tmp_path / 'none'))
