# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpretrain.datasets import FashionMNIST as MMPretrainFashionMNIST
from mmpretrain.datasets import PackInputs
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS

from mmcurv.datasets import FashionMNIST, LongTailed
from mmcurv.datasets.idx_files import write_idx

SIZES = dict(train=30, t10k=20)


def write_split(folder, prefix, suffix=''):
    size = SIZES[prefix]
    images = np.full((size, 28, 28), size, np.uint8)
    labels = (np.arange(size) % 10).astype(np.uint8)
    write_idx(folder / f'{prefix}-images-idx3-ubyte{suffix}', images)
    write_idx(folder / f'{prefix}-labels-idx1-ubyte{suffix}', labels)


@pytest.fixture(params=['', '.gz'])
def folder(tmp_path, request):
    for prefix in SIZES:
        write_split(tmp_path, prefix, request.param)
    return tmp_path


@pytest.mark.parametrize('test_mode', [None, True, False])
@pytest.mark.parametrize('split, size', [('train', 30), ('test', 20)])
def test_split_alone_decides_which_images_are_read(folder, split, size,
                                                   test_mode):
    dataset = FashionMNIST(str(folder), split=split, test_mode=test_mode)
    assert len(dataset) == size
    assert int(dataset[0]['img'].max()) == size


def test_test_mode_follows_split(folder):
    assert FashionMNIST(str(folder), split='test').test_mode is True
    assert FashionMNIST(str(folder), split='train').test_mode is False


def test_test_split_cannot_be_thinned_by_mistake(folder):
    full = FashionMNIST(str(folder), split='test', test_mode=False)
    with pytest.raises(ValueError, match='only the training set is thinned'):
        LongTailed(full, imbalance_factor=2)


def test_items_carry_image_label_and_number(folder):
    dataset = FashionMNIST(str(folder), pipeline=[PackInputs()])
    assert len(dataset.CLASSES) == 10
    for i, item in enumerate(dataset):
        assert item['inputs'].shape == (1, 28, 28)
        assert item['data_samples'].gt_label.tolist() == [i % 10]
        assert item['data_samples'].sample_idx == i


def test_class_is_a_fashion_mnist_of_mmpretrain(folder):
    config = dict(type='mmcurv.FashionMNIST', data_root=str(folder))
    dataset = MMPRETRAIN_DATASETS.build(config)
    assert isinstance(dataset, MMPretrainFashionMNIST)
    assert dataset.metainfo['classes'][9] == 'Ankle boot'


def test_one_split_needs_only_its_own_files(tmp_path):
    write_split(tmp_path, 't10k')
    assert len(FashionMNIST(str(tmp_path), split='test')) == 20
    with pytest.raises(FileNotFoundError, match='train-images-idx3-ubyte'):
        FashionMNIST(str(tmp_path), split='train')


def test_missing_files_are_not_downloaded(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(FashionMNIST, '_download', calls.append)
    with pytest.raises(FileNotFoundError, match='or set download=True'):
        FashionMNIST(str(tmp_path))
    assert calls == []


def test_download_is_asked_for_missing_files_only(tmp_path, monkeypatch):

    def download(self):
        for prefix in SIZES:
            write_split(tmp_path, prefix)

    monkeypatch.setattr(FashionMNIST, '_download', download)
    assert len(FashionMNIST(str(tmp_path), download=True)) == 30
    monkeypatch.setattr(FashionMNIST, '_download', None)
    assert len(FashionMNIST(str(tmp_path), download=True)) == 30


def test_images_and_labels_of_different_number_are_refused(folder):
    for suffix in ('', '.gz'):
        write_idx(folder / f'train-labels-idx1-ubyte{suffix}',
                  np.zeros(29, np.uint8))
    with pytest.raises(ValueError, match='30 images but 29 labels'):
        FashionMNIST(str(folder))


def test_unknown_split_is_refused(folder):
    with pytest.raises(ValueError, match="'train', 'test'.*but got 'val'"):
        FashionMNIST(str(folder), split='val')
