# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import hashlib
import re

import numpy as np
import pytest
from mmpretrain.datasets import FashionMNIST as MMPretrainFashionMNIST
from mmpretrain.datasets import PackInputs
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS

from mmcurv.datasets import (FashionMini, class_counts, long_tailed_counts,
                             split_fingerprint)
from mmcurv.datasets.small import FASHION_MINI as FOLDER
from mmcurv.datasets.small import read_idx

TRAIN_COUNTS = [1000, 599, 359, 215, 129, 77, 46, 27, 16, 10]
COUNTS = dict(train=TRAIN_COUNTS, test=[200] * 10)
FINGERPRINTS = dict(
    train='4b91da399f7e737fa74e13827d8a4463'
    'a5b92a541c28b56346fbc4f9a7ffa09f',
    test='cecf56af99160b82c965eb336fe46ba2'
    '05564803abfb8da24b3fcc650a596c1a')
README = (FOLDER / 'README.md').read_text(encoding='utf-8')


def images_of(dataset):
    return np.stack(
        [dataset.get_data_info(i)['img'] for i in range(len(dataset))])


@pytest.fixture(scope='module', params=['train', 'test'])
def mini(request):
    return FashionMini(split=request.param)


def test_class_counts_are_those_announced(mini):
    assert class_counts(mini) == COUNTS[mini.split]
    assert len(mini) == sum(COUNTS[mini.split])


def test_train_counts_follow_the_formula():
    counts = long_tailed_counts([6000] * 10, 100, max_count=1000)
    assert counts == TRAIN_COUNTS


def test_readme_shows_the_counts():
    for name, counts in COUNTS.items():
        row = ' | '.join(str(n) for n in [*counts, sum(counts)])
        assert f'| {name} | {row} |' in README


def test_files_are_those_whose_hashes_the_readme_lists():
    rows = re.findall(r'\| (\S+\.gz) \| (\w{64}) \| (\w{64}) \|', README)
    assert {row[0] for row in rows} == {x.name for x in FOLDER.glob('*.gz')}
    assert len(rows) == 4
    for name, compressed, extracted in rows:
        data = (FOLDER / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == compressed
        array = read_idx(FOLDER / name)
        head = bytes([0, 0, 8, array.ndim])
        head += b''.join(n.to_bytes(4, 'big') for n in array.shape)
        digest = hashlib.sha256(head + array.tobytes()).hexdigest()
        assert digest == extracted


def test_fingerprint_is_the_recorded_one(mini):
    assert split_fingerprint(mini) == FINGERPRINTS[mini.split]


def test_folder_is_small_and_keeps_the_licence():
    assert sum(x.stat().st_size for x in FOLDER.iterdir()) < 4_000_000
    licence = (FOLDER / 'LICENSE').read_text()
    assert 'MIT License' in licence
    assert 'Copyright (c) 2017 Zalando SE' in licence


def test_images_are_distinct_real_and_of_full_range(mini):
    images = images_of(mini)
    assert images.shape == (len(mini), 28, 28) and images.dtype == np.uint8
    assert len({image.tobytes() for image in images}) == len(mini)
    assert images.min() == 0 and images.max() == 255
    # Mean and deviation of the 70,000 originals are 73 and 90; the long tail
    # changes them a little.
    assert images.mean() == pytest.approx(73, abs=4)
    assert images.std() == pytest.approx(90, abs=2)
    assert (images.std(axis=(1, 2)) > 5).all()


def test_classes_look_alike_in_train_and_test():
    means = []
    for split in ('train', 'test'):
        dataset = FashionMini(split=split)
        images, labels = images_of(dataset), dataset.get_gt_labels()
        means.append([images[labels == c].mean(0).ravel() for c in range(10)])
    correlation = np.corrcoef(*means)[:10, 10:]  # (C, C), train against test
    assert (correlation.argmax(1) == np.arange(10)).all()
    assert (correlation.diagonal() > 0.95).all()


def test_train_and_test_share_no_image():
    train, test = ({x.tobytes()
                    for x in images_of(FashionMini(split=split))}
                   for split in ('train', 'test'))
    assert not train & test


def test_config_resolves_from_the_scope_of_mmpretrain():
    dataset = MMPRETRAIN_DATASETS.build(
        dict(
            type='mmcurv.FashionMini',
            split='test',
            pipeline=[dict(type='PackInputs')]))
    assert dataset.test_mode is True
    assert dataset.metainfo['classes'] == tuple(
        MMPretrainFashionMNIST.METAINFO['classes'])
    assert dataset[0]['inputs'].shape == (1, 28, 28)


def test_sample_idx_counts_from_zero():
    dataset = FashionMini(pipeline=[PackInputs()])
    found = [item['data_samples'].sample_idx for item in dataset]
    assert found == list(range(2478))
