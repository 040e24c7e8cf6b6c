# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pickle

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmpretrain.datasets import PackInputs
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS
from torch.utils.data import DataLoader

from mmcurv.datasets import LongTailed
from .toy import ToyImages

NAMES = dict(classes=('a', 'b', 'c'))
LABELS = [i % 3 for i in range(60)]  # 20 images of each class


def toy(**kwargs):
    return ToyImages(LABELS, metainfo=NAMES, **kwargs)


def pixel(item):
    """The value that tells which image of the toy set this is."""
    image = item['inputs'] if 'inputs' in item else item['img']
    return int(image.reshape(-1)[0])


def test_items_lie_class_by_class_with_the_counts_of_the_profile():
    split = LongTailed(toy(), imbalance_factor=10)
    assert split.counts == [20, 6, 2]
    assert len(split) == 28
    assert split.get_gt_labels().tolist() == [0] * 20 + [1] * 6 + [2] * 2


def test_items_are_the_images_at_the_kept_positions():
    split = LongTailed(toy(pipeline=[PackInputs()]), imbalance_factor=10)
    for i, position in enumerate(split.positions):
        item = split[i]
        assert pixel(item) == position
        assert int(item['data_samples'].gt_label) == LABELS[position]
        assert split.get_cat_ids(i) == [LABELS[position]]


@pytest.mark.parametrize('serialize', [True, False])
def test_sample_idx_of_data_samples_is_the_position_in_the_split(serialize):
    split = LongTailed(
        toy(pipeline=[PackInputs()], serialize_data=serialize),
        imbalance_factor=10)
    for epoch in range(2):
        found = [split[i]['data_samples'].sample_idx for i in range(28)]
        assert found == list(range(28))


def test_sample_idx_of_plain_dicts_is_the_position_in_the_split():
    split = LongTailed(toy(), imbalance_factor=10)
    assert [split[i]['sample_idx'] for i in range(28)] == list(range(28))
    infos = [split.get_data_info(i) for i in range(28)]
    assert [info['sample_idx'] for info in infos] == list(range(28))


def test_sample_idx_is_given_where_the_pipeline_dropped_it():
    pipeline = [PackInputs(meta_keys=())]
    split = LongTailed(toy(pipeline=pipeline), imbalance_factor=10)
    assert split[5]['data_samples'].sample_idx == 5


def test_negative_index_counts_from_the_end():
    split = LongTailed(toy(), imbalance_factor=10)
    assert pixel(split[-1]) == pixel(split[27])
    assert split[-1]['sample_idx'] == 27
    assert split.get_data_info(-2)['sample_idx'] == 26


def test_iteration_ends_after_the_last_item():
    assert len(list(LongTailed(toy(), imbalance_factor=10))) == 28


def test_given_counts_are_kept():
    split = LongTailed(toy(), counts=[3, 1, 20])
    assert split.counts == [3, 1, 20]
    assert np.bincount(split.get_gt_labels()).tolist() == [3, 1, 20]


def test_step_profile_reaches_the_split():
    split = LongTailed(toy(), imbalance_factor=4, profile='step')
    assert split.counts == [20, 5, 5]


def test_metainfo_and_classes_are_those_of_the_full_set():
    split = LongTailed(toy(), imbalance_factor=10)
    assert split.metainfo['classes'] == NAMES['classes']
    assert split.CLASSES == NAMES['classes']
    assert LongTailed(ToyImages(LABELS), imbalance_factor=10).CLASSES is None


def test_concatenation_is_thinned_as_one_set():
    full = ConcatDataset([toy(), toy(offset=100)])
    split = LongTailed(full, imbalance_factor=10)
    assert split.counts == [40, 12, 4]
    assert [split[i]['sample_idx'] for i in range(56)] == list(range(56))
    values = [pixel(item) for item in split]
    expected = [p if p < 60 else p + 40 for p in split.positions]
    assert values == expected


def test_repeated_set_offers_each_image_as_often_as_it_is_repeated():
    split = LongTailed(RepeatDataset(toy(), 2), imbalance_factor=10)
    assert split.counts == [40, 12, 4]
    assert [pixel(item) for item in split] == [p % 60 for p in split.positions]


def test_class_balanced_set_can_be_thinned():
    full = ClassBalancedDataset(
        ToyImages([0] * 20 + [1] * 5), oversample_thr=0.8)
    split = LongTailed(full, imbalance_factor=2)
    assert split.counts == [20, 10]
    assert [split[i]['sample_idx'] for i in range(30)] == list(range(30))


def test_split_can_be_repeated_and_concatenated_again():
    config = dict(type='mmcurv.LongTailed', dataset=toy(), imbalance_factor=10)
    repeated = RepeatDataset(config, 2)
    assert len(repeated) == 56
    assert repeated[28]['sample_idx'] == 0
    balanced = ClassBalancedDataset(config, oversample_thr=0.5)
    assert len(balanced) > 28


def test_config_resolves_from_the_scope_of_mmpretrain():
    split = MMPRETRAIN_DATASETS.build(
        dict(
            type='mmcurv.LongTailed',
            counts=[100, 50, 20, 20, 20, 10, 10, 10, 5, 5],
            dataset=dict(type='mmcurv.FashionMini')))
    assert len(split) == 250
    assert len(split.CLASSES) == 10


@pytest.mark.parametrize('workers', [0, 1])
def test_loader_yields_every_item_once(workers):
    split = LongTailed(toy(), imbalance_factor=10)
    loader = DataLoader(
        split, shuffle=True, num_workers=workers, collate_fn=lambda x: x[0])
    assert sorted(item['sample_idx'] for item in loader) == list(range(28))


def test_lazy_split_reads_nothing_until_asked():
    full = toy(lazy_init=True)
    split = LongTailed(full, imbalance_factor=10, lazy_init=True)
    assert not full._fully_initialized
    assert split.CLASSES == NAMES['classes']
    assert len(split) == 28
    assert full._fully_initialized


def test_split_survives_pickling():
    split = LongTailed(toy(), imbalance_factor=10)
    copy = pickle.loads(pickle.dumps(split))
    assert copy.positions.tolist() == split.positions.tolist()
    assert copy.fingerprint == split.fingerprint


class RejectOnce:
    """Pipeline step that rejects some images, as a broken file would."""

    def __init__(self, bad):
        self.bad = bad

    def __call__(self, results):
        return None if results['img'].flat[0] in self.bad else results


@pytest.mark.parametrize('wrap', [lambda x: x, lambda x: RepeatDataset(x, 1)])
def test_stand_in_for_a_broken_image_comes_from_the_split(wrap):
    positions = LongTailed(toy(), imbalance_factor=10).positions
    bad = int(positions[3])
    full = toy(pipeline=[RejectOnce([bad]), PackInputs()])
    split = LongTailed(wrap(full), imbalance_factor=10)
    for _ in range(20):
        item = split[3]
        index = item['data_samples'].sample_idx
        assert index != 3
        assert pixel(item) == positions[index]
        assert int(item['data_samples'].gt_label) == LABELS[positions[index]]


def test_split_of_broken_images_only_ends_in_an_error():
    positions = LongTailed(toy(), counts=[1, 1, 1]).positions.tolist()
    full = toy(pipeline=[RejectOnce(positions), PackInputs()])
    split = LongTailed(full, counts=[1, 1, 1])
    with pytest.raises(RuntimeError, match='no valid image in 1000 draws'):
        split[0]


@pytest.mark.parametrize('kwargs', [
    dict(test_mode=True),
    dict(split='test'),
    dict(split='val'),
])
def test_test_set_is_refused(kwargs):
    with pytest.raises(ValueError, match='only the training set is thinned'):
        LongTailed(toy(**kwargs), imbalance_factor=10)


def test_test_set_inside_a_wrapper_is_refused():
    full = ConcatDataset([toy(), toy(test_mode=True)])
    with pytest.raises(ValueError, match='only the training set is thinned'):
        LongTailed(full, imbalance_factor=10)


def test_both_or_neither_of_factor_and_counts_is_refused():
    with pytest.raises(ValueError, match='either imbalance_factor or counts'):
        LongTailed(toy())
    with pytest.raises(ValueError, match='either imbalance_factor or counts'):
        LongTailed(toy(), imbalance_factor=2, counts=[1, 1, 1])


@pytest.mark.parametrize('kwargs', [dict(profile='step'), dict(max_count=5)])
def test_counts_next_to_a_profile_are_refused(kwargs):
    with pytest.raises(ValueError, match='counts already say'):
        LongTailed(toy(), counts=[1, 1, 1], **kwargs)


def test_named_class_without_images_is_refused():
    full = ToyImages([0, 1] * 10, metainfo=NAMES)
    with pytest.raises(ValueError, match='class 2 has 0'):
        LongTailed(full, imbalance_factor=2)


def test_label_beyond_the_named_classes_is_refused():
    full = ToyImages([0, 1, 2, 3] * 5, metainfo=NAMES)
    with pytest.raises(ValueError, match='label 3, but only 3 classes'):
        LongTailed(full, imbalance_factor=2)


def test_something_that_is_no_dataset_is_refused():
    with pytest.raises(
            TypeError, match='config dict or a dataset, but got '
            'float'):
        LongTailed(3.5, imbalance_factor=10)
