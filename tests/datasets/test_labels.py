# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset as MMEngineDataset
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmpretrain.datasets import MultiLabelDataset, PackInputs
from torch.utils.data import Subset, TensorDataset

from mmcurv.datasets import (LongTailed, class_counts, dataset_labels,
                             split_fingerprint)
from .toy import ToyFiles, ToyImages

LABELS = [0] * 8 + [1] * 4 + [2] * 2


def test_counts_of_a_plain_dataset():
    assert class_counts(ToyImages(LABELS)) == [8, 4, 2]


def test_absent_class_counts_zero():
    assert class_counts(ToyImages(LABELS), num_classes=5) == [8, 4, 2, 0, 0]
    named = ToyImages(LABELS, metainfo=dict(classes=tuple('abcd')))
    assert class_counts(named) == [8, 4, 2, 0]


def test_counts_are_python_integers():
    assert all(type(n) is int for n in class_counts(ToyImages(LABELS)))


def test_long_tailed_counts_are_those_of_the_split():
    split = LongTailed(ToyImages([0, 1] * 10), imbalance_factor=5)
    assert class_counts(split) == split.counts == [10, 2]


def test_concatenation_adds():
    assert class_counts(ConcatDataset([ToyImages(LABELS),
                                       ToyImages([0, 1])])) == [9, 5, 2]


def test_repetition_is_not_counted():
    full = ToyImages(LABELS)
    assert class_counts(RepeatDataset(full, 3)) == [8, 4, 2]
    balanced = ClassBalancedDataset(full, oversample_thr=0.9)
    assert len(balanced) > len(full)
    assert class_counts(balanced) == [8, 4, 2]
    assert class_counts(
        RepeatDataset(
            dict(
                type='mmcurv.LongTailed',
                dataset=ToyImages([0, 1] * 10),
                imbalance_factor=5), 2)) == [10, 2]


@pytest.mark.parametrize('wrap', [
    lambda x: x,
    lambda x: RepeatDataset(x, 2),
    lambda x: ClassBalancedDataset(x, 0.9),
    lambda x: ConcatDataset([x, x]),
    lambda x: LongTailed(x, counts=[5, 3, 1]),
    lambda x: Subset(x, [13, 0, 8]),
])
def test_labels_are_aligned_with_the_items(wrap):
    dataset = wrap(ToyImages(LABELS))
    expected = [dataset[i]['gt_label'] for i in range(len(dataset))]
    assert dataset_labels(dataset).tolist() == expected


class WithTargets(TensorDataset):

    def __init__(self, targets, name='targets'):
        super().__init__(torch.zeros(len(targets), 1))
        setattr(self, name, targets)


@pytest.mark.parametrize('name', ['targets', 'labels'])
@pytest.mark.parametrize('as_type', [list, np.array, torch.tensor])
def test_targets_of_torchvision_style_datasets_are_read(name, as_type):
    assert class_counts(WithTargets(as_type(LABELS), name)) == [8, 4, 2]


class OnlyDataInfo(MMEngineDataset):
    """As datasets of other projects: no get_cat_ids, the key is theirs."""

    def __init__(self, labels, key):
        self.toy = [{key: label} for label in labels]
        super().__init__()

    def load_data_list(self):
        return self.toy


@pytest.mark.parametrize('key', ['gt_label', 'label'])
def test_labels_in_data_infos_are_read(key):
    assert class_counts(OnlyDataInfo(LABELS, key)) == [8, 4, 2]


def test_dataset_without_labels_is_refused():
    with pytest.raises(
            TypeError, match='TensorDataset does not tell its '
            'labels'):
        class_counts(TensorDataset(torch.zeros(3)))
    with pytest.raises(TypeError, match='OnlyDataInfo does not tell'):
        class_counts(OnlyDataInfo([1], 'caption'))


class ToyMultiLabel(MultiLabelDataset):

    def load_data_list(self):
        return [dict(gt_label=[0]), dict(gt_label=[0, 2])]


def test_multi_label_dataset_is_refused():
    with pytest.raises(
            ValueError, match='item 1 of ToyMultiLabel has labels '
            r'\[0, 2\]'):
        class_counts(ToyMultiLabel(ann_file=''))
    with pytest.raises(ValueError, match='exactly one integer label'):
        class_counts(WithTargets([[0], [0, 2]]))
    with pytest.raises(ValueError, match='exactly one integer label'):
        class_counts(ToyImages([[0, 1], [1, 0]]))


@pytest.mark.parametrize('label', [0.5, 'cat', None])
def test_label_that_is_no_integer_is_refused(label):
    with pytest.raises(ValueError, match='item 1 of WithTargets has label'):
        class_counts(WithTargets([0, label]))


def test_negative_label_is_refused():
    with pytest.raises(ValueError, match='item 2 of ToyImages has label -1'):
        class_counts(ToyImages([0, 1, -1]))


def test_label_beyond_num_classes_is_refused():
    with pytest.raises(ValueError, match='label 2, but only 2 classes'):
        class_counts(ToyImages(LABELS), num_classes=2)


def test_empty_dataset_has_no_images_of_any_class():
    assert class_counts(WithTargets([]), num_classes=2) == [0, 0]
    assert class_counts(WithTargets([])) == []


HALVES = [i % 2 for i in range(20)]


def files(root='/data/one', prefix='train', labels=HALVES, **kwargs):
    return ToyFiles(labels, data_root=root, data_prefix=prefix, **kwargs)


def split(dataset=None, **kwargs):
    kwargs = kwargs or dict(imbalance_factor=5)
    return LongTailed(files() if dataset is None else dataset, **kwargs)


def test_fingerprint_is_a_sha256():
    for dataset in (files(), ToyImages(HALVES), split()):
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
        for x in (files(), files(prefix='test'), files(labels=HALVES[::-1]),
                  files(labels=HALVES[:-1]), files(indices=[1, 0]),
                  files(indices=[0, 1]))
    }
    assert len(known) == 6


def test_fingerprint_of_images_in_memory_changes_with_a_pixel():
    first = split_fingerprint(ToyImages(HALVES))
    assert split_fingerprint(ToyImages(HALVES)) == first
    assert split_fingerprint(ToyImages(HALVES, offset=1)) != first


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


@pytest.mark.parametrize('labels', [[101, 205, 999], [0, 10**12, 5]])
def test_labels_that_are_ids_are_told_and_cost_no_memory(labels):
    with pytest.raises(ValueError, match='look like ids'):
        class_counts(ToyImages(labels))
    named = ToyImages(labels, metainfo=dict(classes=('a', 'b', 'c')))
    with pytest.raises(ValueError, match='only 3 classes.*ids'):
        class_counts(named)
    with pytest.raises(ValueError, match='ids'):
        LongTailed(ToyImages(labels), counts=[1, 1, 1])
