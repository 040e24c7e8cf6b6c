# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gzip

import numpy as np
import pytest
from mmpretrain.datasets import FashionMNIST as MMPretrainFashionMNIST
from mmpretrain.datasets import PackInputs
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS
from scipy.io import savemat
from torchvision.datasets import SVHN as TorchvisionSVHN

from mmcurv.datasets import SVHN, FashionMNIST, LongTailed, class_counts
from mmcurv.datasets.small import find_idx_file, read_idx, write_idx
from tests.listed_formats import write_svhn

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize('name', ['x-idx3-ubyte', 'x-idx3-ubyte.gz'])
def test_written_array_is_read_back(tmp_path, name):
    write_idx(tmp_path / name, ARRAY)
    np.testing.assert_array_equal(read_idx(tmp_path / name), ARRAY)


def test_written_bytes_are_the_format_of_mnist(tmp_path):
    write_idx(tmp_path / 'x', ARRAY)
    assert (tmp_path / 'x').read_bytes() == bytes([
        0, 0, 8, 3,  # unsigned bytes, three dimensions
        0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4,  # big-endian sizes
        *range(24)
    ])  # yapf: disable


def test_compressed_file_has_no_time_stamp_and_no_name(tmp_path):
    for name in ('a.gz', 'b.gz'):
        write_idx(tmp_path / name, ARRAY)
    first = (tmp_path / 'a.gz').read_bytes()
    assert first == (tmp_path / 'b.gz').read_bytes()
    assert first[3:8] == bytes(5)  # no flags, time stamp 0


def test_read_array_can_be_written_to(tmp_path):
    write_idx(tmp_path / 'x', ARRAY)
    assert read_idx(tmp_path / 'x').flags.writeable


def test_other_types_are_not_written(tmp_path):
    with pytest.raises(TypeError, match='int64'):
        write_idx(tmp_path / 'x', np.arange(3, dtype=np.int64))


@pytest.mark.parametrize('data', [b'', b'PK\3\4', bytes([0, 0, 13, 1])])
def test_file_of_another_format_is_refused(tmp_path, data):
    (tmp_path / 'x').write_bytes(data)
    with pytest.raises(ValueError, match='no idx file of unsigned bytes'):
        read_idx(tmp_path / 'x')


@pytest.mark.parametrize('change', [lambda x: x[:-1], lambda x: x + b'.'])
def test_file_of_wrong_length_is_refused(tmp_path, change):
    write_idx(tmp_path / 'x', ARRAY)
    data = (tmp_path / 'x').read_bytes()
    (tmp_path / 'x').write_bytes(change(data))
    with pytest.raises(ValueError, match='should hold 24 bytes'):
        read_idx(tmp_path / 'x')


@pytest.mark.parametrize('change', [
    lambda x: x[:-4], lambda x: b'PK' + x[2:],
    lambda x: x[:12] + bytes(8) + x[20:]
])
def test_damaged_compressed_file_is_refused_as_one(tmp_path, change):
    path = tmp_path / 'x.gz'
    write_idx(path, ARRAY)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match='x.gz is no whole gzip file'):
        read_idx(path)


def test_file_is_found_extracted_or_compressed(tmp_path):
    compressed, plain = tmp_path / 'x.gz', tmp_path / 'x'
    compressed.write_bytes(gzip.compress(b''))
    assert find_idx_file(tmp_path, 'x') == compressed
    plain.write_bytes(b'')
    for name in ('x', 'x.gz'):
        assert find_idx_file(str(tmp_path), name) == plain


def test_missing_file_is_named_with_its_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"x nor x.gz in '{tmp_path}"):
        find_idx_file(tmp_path, 'x.gz')


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


@pytest.mark.parametrize('test_mode', [True, False])
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
    with pytest.raises(
            FileNotFoundError, match='fashion-mnist --root .* --download'):
        FashionMNIST(str(tmp_path))
    assert calls == []


def test_images_and_labels_of_different_number_are_refused(folder):
    for suffix in ('', '.gz'):
        write_idx(folder / f'train-labels-idx1-ubyte{suffix}',
                  np.zeros(29, np.uint8))
    with pytest.raises(ValueError, match='30 images but 29 labels'):
        FashionMNIST(str(folder))


def test_unknown_split_is_refused(folder):
    with pytest.raises(ValueError, match="'train', 'test'.*but got 'val'"):
        FashionMNIST(str(folder), split='val')


def test_images_and_labels_are_read_back(tmp_path):
    images = write_svhn(tmp_path, labels=(1, 10, 9))
    dataset = SVHN(str(tmp_path), pipeline=[PackInputs()])
    assert dataset.get_gt_labels().tolist() == [1, 0, 9]
    assert class_counts(dataset) == [1, 1] + [0] * 7 + [1]
    for i, image in enumerate(images):
        np.testing.assert_array_equal(dataset.get_data_info(i)['img'], image)
        assert dataset[i]['inputs'].shape == (3, 32, 32)


def test_class_agrees_with_that_of_torchvision(tmp_path, monkeypatch):
    write_svhn(tmp_path, 'test', tuple(range(1, 11)))
    monkeypatch.setattr(TorchvisionSVHN, '_check_integrity', lambda self: 1)
    oracle = TorchvisionSVHN(str(tmp_path), 'test')
    dataset = SVHN(str(tmp_path), 'test')
    assert dataset.get_gt_labels().tolist() == oracle.labels.tolist()
    for i, (image, _) in enumerate(oracle):
        np.testing.assert_array_equal(
            dataset.get_data_info(i)['img'], np.asarray(image))


def test_split_names_the_file_and_the_mode(tmp_path):
    write_svhn(tmp_path, 'test')
    assert SVHN(str(tmp_path), 'test').test_mode is True
    with pytest.raises(
            FileNotFoundError,
            match='train_32x32.mat.*http.*svhn --root .* --download'):
        SVHN(str(tmp_path))
    write_svhn(tmp_path, 'extra')
    assert SVHN(str(tmp_path), 'extra').test_mode is False
    with pytest.raises(ValueError, match="'extra'.*but got 'val'"):
        SVHN(str(tmp_path), 'val')


def test_training_set_can_be_thinned(tmp_path):
    write_svhn(tmp_path, labels=[c + 1 for c in range(10)] * 3)
    part = LongTailed(SVHN(str(tmp_path)), imbalance_factor=3)
    assert part.counts[0] == 3 and part.counts[-1] == 1


def test_damaged_and_other_files_are_told(tmp_path):
    path = tmp_path / 'train_32x32.mat'
    path.write_bytes(b'<html>not found</html>')
    with pytest.raises(ValueError, match='no whole MATLAB file'):
        SVHN(str(tmp_path))
    savemat(path, dict(digitStruct=np.zeros((2, 2))))
    with pytest.raises(ValueError, match=r"found \{'digitStruct': \(2, 2\)"):
        SVHN(str(tmp_path))
    savemat(path, dict(X=np.zeros((32, 32, 3, 4), 'u1'), y=np.ones((3, 1))))
    with pytest.raises(ValueError, match='y of N labels'):
        SVHN(str(tmp_path))
    savemat(path, dict(X=np.zeros((32, 32, 3, 1), 'u1'), y=[[11]]))
    with pytest.raises(ValueError, match='found 11 to 11'):
        SVHN(str(tmp_path))
