# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpretrain.datasets import PackInputs
from scipy.io import savemat
from torchvision.datasets import SVHN as TorchvisionSVHN

from mmcurv.datasets import SVHN, LongTailed, class_counts
from tests.listed_formats import write_svhn


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
            FileNotFoundError, match='train_32x32.mat.*http.*download=True'):
        SVHN(str(tmp_path))
    write_svhn(tmp_path, 'extra')
    assert SVHN(str(tmp_path), 'extra').test_mode is False
    with pytest.raises(ValueError, match="'extra'.*but got 'val'"):
        SVHN(str(tmp_path), 'val')


def test_training_set_can_be_thinned(tmp_path):
    write_svhn(tmp_path, labels=[c + 1 for c in range(10)] * 3)
    part = LongTailed(SVHN(str(tmp_path)), imbalance_factor=3)
    assert part.counts[0] == 3 and part.counts[-1] == 1


def test_download_is_asked_for_missing_files_only(tmp_path, monkeypatch):
    calls = []

    def download(url, root, name, md5):
        calls.append((url, root, name, md5))
        write_svhn(tmp_path)

    monkeypatch.setattr('mmcurv.datasets.svhn.download_url', download)
    for _ in range(2):
        assert len(SVHN(str(tmp_path), download=True)) == 3
    assert calls == [('http://ufldl.stanford.edu/housenumbers/train_32x32.mat',
                      str(tmp_path), 'train_32x32.mat',
                      'e26dedcc434d2e4c54c9b2d4a06d8373')]


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
