# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.config import Config

from mmcurv.benchmark.planning.train_set import TrainSet, train_set
from mmcurv.engine.config_options import UsageError
from tests.real_formats import write_class_folders


def of_dataset(read_data=False, **dataset):
    loader = dict(dataset=dataset)
    cfg = dict(default_scope='mmpretrain', train_dataloader=loader)
    return train_set(Config(cfg), read_data)


def test_imagenet_lt_is_counted_without_its_images():
    data = of_dataset(type='mmcurv.ImageNetLT', split='train')
    assert data[:4] == (115846, 1000, 1280, 5)
    assert data.class_sizes is data.counts


def test_svhn_is_counted_without_its_images():
    data = of_dataset(type='mmcurv.SVHN', data_root='x')
    assert data[:4] == (73257, 10, 13861, 4659)


@pytest.mark.parametrize('name, total', [
    ('mmcurv.INaturalist2018', (437513, 8142, 1000, 2)),
    ('ImageNet', (1281167, 1000, 1300, 732)),
])
def test_only_the_total_of_some_sets_is_published(name, total):
    data = of_dataset(type=name, split='train')
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
    assert of_dataset(**dataset) is None


def test_set_in_memory_is_the_one_inside():
    inside = dict(type='CIFAR10')
    data = of_dataset(type='mmcurv.InMemoryDataset', dataset=inside)
    assert data[:4] == (50000, 10, 5000, 5000)


def test_images_are_counted_if_asked_for(tmp_path):
    write_class_folders(tmp_path, 3, per_class=4)
    data = of_dataset(
        True, type='CustomDataset', data_root=str(tmp_path / 'train'))
    assert data == TrainSet(12, 3, 4, 4, [4, 4, 4])


def test_missing_images_are_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match='the train set cannot be read: '):
        of_dataset(
            True, type='CustomDataset', data_root=str(tmp_path / 'none'))
