# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re

import pytest
import torch
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmpretrain.datasets import PackInputs
from torch.utils.data import TensorDataset

from mmcurv.datasets import LongTailed, split_fingerprint
from .test_class_counts import WithTargets
from .toy import ToyFiles, ToyImages

LABELS = [i % 2 for i in range(20)]


def files(root='/data/one', prefix='train', labels=LABELS, **kwargs):
    return ToyFiles(labels, data_root=root, data_prefix=prefix, **kwargs)


def split(dataset=None, **kwargs):
    kwargs = kwargs or dict(imbalance_factor=5)
    return LongTailed(files() if dataset is None else dataset, **kwargs)


def test_fingerprint_is_a_sha256():
    for dataset in (files(), ToyImages(LABELS), split()):
        assert re.fullmatch('[0-9a-f]{64}', split_fingerprint(dataset))


def test_fingerprint_does_not_depend_on_where_the_data_lies():
    expected = split_fingerprint(files())
    assert split_fingerprint(files(root='/somewhere/else/')) == expected
    assert split_fingerprint(files(root='data')) == expected
    assert split(files(root='/x')).fingerprint == split().fingerprint


def test_fingerprint_without_data_root_is_relative_to_the_prefix():
    first, second = (
        split_fingerprint(files(root='', prefix=prefix))
        for prefix in ('/a/train', '/b/c/train'))
    assert first == second


def test_fingerprint_does_not_depend_on_pipeline_names_or_storage():
    expected = split_fingerprint(files())
    assert split_fingerprint(files(pipeline=[PackInputs()])) == expected
    assert split_fingerprint(files(serialize_data=True)) == expected
    named = files(metainfo=dict(classes=('cat', 'dog')))
    assert split_fingerprint(named) == expected


def test_fingerprint_changes_with_names_labels_and_order():
    known = {
        split_fingerprint(x)
        for x in (files(), files(prefix='test'), files(labels=LABELS[::-1]),
                  files(labels=LABELS[:-1]), files(indices=[1, 0]),
                  files(indices=[0, 1]))
    }
    assert len(known) == 6


def test_fingerprint_of_images_in_memory_changes_with_a_pixel():
    first = split_fingerprint(ToyImages(LABELS))
    assert split_fingerprint(ToyImages(LABELS)) == first
    assert split_fingerprint(ToyImages(LABELS, offset=1)) != first


def test_fingerprint_of_a_split_changes_with_every_choice():
    known = {
        x.fingerprint
        for x in (split(), split(imbalance_factor=3),
                  split(imbalance_factor=5, seed=1),
                  split(imbalance_factor=5, profile='step', max_count=9),
                  split(counts=[10, 2]), split(counts=[2, 10]))
    }
    assert len(known) == 6


def test_fingerprint_of_a_split_is_the_same_each_time():
    assert split().fingerprint == split().fingerprint
    assert split_fingerprint(split()) == split().fingerprint
    assert split(imbalance_factor=5.0).fingerprint == split().fingerprint


def test_fingerprint_is_stable_across_releases():
    # A change here makes the records of earlier runs incomparable.
    assert split().fingerprint == ('f0d21d55ce2e44b7f8320cf53eb9a303'
                                   'c9adb48777f7ad4269673e65e1433c16')
    assert split_fingerprint(files()) == ('cdcdbcdd8f3c26fc49ded3bd29e57cf6'
                                          '13895ece081095e7bf95b09d25742ec2')


@pytest.mark.parametrize('wrap', [
    lambda x: RepeatDataset(x, 2),
    lambda x: ConcatDataset([x, x]),
    lambda x: ClassBalancedDataset(x, 0.9),
])
def test_wrapper_has_a_fingerprint_of_its_own(wrap):
    first = split_fingerprint(wrap(files()))
    assert first == split_fingerprint(wrap(files(root='/elsewhere')))
    assert first != split_fingerprint(files())
    assert first != split_fingerprint(wrap(files(prefix='test')))


def test_dataset_without_data_infos_is_known_by_its_labels():
    first = split_fingerprint(WithTargets([0, 1, 1]))
    assert first == split_fingerprint(WithTargets([0, 1, 1], name='labels'))
    assert first != split_fingerprint(WithTargets([0, 1, 0]))


def test_dataset_that_tells_nothing_is_refused():
    with pytest.raises(TypeError, match='does not tell its labels'):
        split_fingerprint(TensorDataset(torch.zeros(2)))
