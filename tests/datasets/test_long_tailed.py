# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import csv
import pickle
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmpretrain.datasets import CustomDataset, PackInputs
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS
from torch.utils.data import DataLoader

from mmcurv.datasets import LongTailed, kept_positions, long_tailed_counts
from mmcurv.datasets.long_tailed import class_shares
from .toy import ToyImages

FULL = dict(cifar10=[5000] * 10, cifar100=[500] * 100)
TABLE = Path(__file__).parents[1] / 'data' / 'cifar_lt_class_counts.csv'


def published_counts():
    counts = defaultdict(list)
    with TABLE.open() as file:
        for row in csv.DictReader(file):
            key = row['dataset'], int(row['imbalance_factor'])
            assert len(counts[key]) == int(row['class_id'])
            counts[key].append(int(row['count']))
    return counts


# total, smallest, number of classes > 100, of 20 to 100, of < 20
SUMMARY = {
    ('cifar10', 200): (11203, 25, 7, 3, 0),
    ('cifar10', 100): (12406, 50, 8, 2, 0),
    ('cifar10', 50): (13996, 100, 9, 1, 0),
    ('cifar10', 20): (17023, 250, 10, 0, 0),
    ('cifar10', 10): (20431, 500, 10, 0, 0),
    ('cifar100', 200): (9502, 2, 30, 31, 39),
    ('cifar100', 100): (10847, 5, 35, 35, 30),
    ('cifar100', 50): (12608, 10, 41, 41, 18),
    ('cifar100', 20): (15907, 25, 53, 47, 0),
    ('cifar100', 10): (19573, 50, 69, 31, 0),
}


def test_published_table_has_the_ten_settings():
    assert set(published_counts()) == set(SUMMARY)


@pytest.mark.parametrize('name, factor', SUMMARY)
def test_counts_are_those_of_the_published_splits(name, factor):
    counts = long_tailed_counts(FULL[name], factor)
    assert counts == published_counts()[name, factor]
    head = sum(n > 100 for n in counts)
    tail = sum(n < 20 for n in counts)
    assert SUMMARY[name, factor] == (sum(counts), min(counts), head,
                                     len(counts) - head - tail, tail)


def test_cifar10_at_100_starts_with_the_printed_list():
    assert long_tailed_counts(FULL['cifar10'], 100) == [
        5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50
    ]


def test_step_profile_keeps_the_first_half_whole():
    counts = long_tailed_counts(FULL['cifar10'], 100, profile='step')
    assert counts == [5000] * 5 + [50] * 5


def test_step_profile_of_odd_classes_forgets_no_class():
    assert long_tailed_counts(
        [10] * 5, 10, profile='step') == [10, 10, 1, 1, 1]


def test_imbalance_factor_one_keeps_everything():
    for profile in ('exp', 'step'):
        assert long_tailed_counts([7] * 4, 1, profile) == [7] * 4


def test_largest_full_class_is_the_default_maximum():
    # 10 to 1 already; a tail of 20 to 1 fits under it.
    full = [100, 70, 40, 10]
    assert long_tailed_counts(full, 20) == [100, 36, 13, 5]


def test_max_count_replaces_the_largest_full_class():
    assert long_tailed_counts(
        [6000] * 3, 100, max_count=1000) == [1000, 100, 10]


@pytest.mark.parametrize('factor', [0.99, 0.01, 0, -5, float('nan'),
                                    float('inf')])  # yapf: disable
def test_imbalance_factor_below_one_is_refused(factor):
    with pytest.raises(ValueError, match='at least 1, but got'):
        long_tailed_counts([10, 10], factor)


def test_unknown_profile_suggests_the_nearest():
    with pytest.raises(ValueError, match="'expo': did you mean 'exp'"):
        class_shares(10, 100, profile='expo')
    with pytest.raises(ValueError, match="'steps': did you mean 'step'"):
        class_shares(10, 100, profile='steps')


def test_one_class_has_no_tail():
    with pytest.raises(ValueError, match='at least 2 classes'):
        long_tailed_counts([10], 2)


def test_class_left_empty_is_refused():
    with pytest.raises(ValueError, match='leaves 1 of 3 classes empty'):
        long_tailed_counts([50, 50, 50], 100)


def test_class_with_too_few_images_is_named_and_a_fitting_maximum_told():
    full = [100, 30, 40]
    with pytest.raises(
            ValueError,
            match='class 1 has 30, but the split keeps '
            '50. With max_count=60'):
        long_tailed_counts(full, 4)
    assert long_tailed_counts(full, 4, max_count=60) == [60, 30, 15]


def test_no_maximum_is_suggested_where_none_helps():
    with pytest.raises(ValueError, match='No max_count mends this'):
        long_tailed_counts([100, 1, 100], 100)
    with pytest.raises(ValueError, match='without images .* leave it out'):
        long_tailed_counts([100, 0, 100], 4)


def published_positions(name, factor):
    """Positions inside each class's own index list, as printed."""
    full = FULL[name]
    # Items sorted by class, so a position within the class is known by
    # subtracting the class's start.
    labels = np.repeat(np.arange(len(full)), full)
    counts = long_tailed_counts(full, factor)
    kept = kept_positions(labels, counts, seed=0)
    blocks = np.split(kept, np.cumsum(counts)[:-1])
    return [block - c * full[c] for c, block in enumerate(blocks)]


def test_positions_of_cifar10_at_100_are_the_published_ones():
    kept = published_positions('cifar10', 100)
    assert kept[0][:5].tolist() == [398, 3833, 4836, 4572, 636]
    assert kept[1][:5].tolist() == [597, 332, 521, 3935, 4800]
    assert kept[9][:5].tolist() == [2204, 3816, 2206, 2507, 1926]


def test_positions_of_cifar100_at_100_are_the_published_ones():
    kept = published_positions('cifar100', 100)
    assert kept[0][:5].tolist() == [90, 254, 283, 445, 461]
    assert kept[1][:5].tolist() == [277, 307, 436, 88, 261]
    assert kept[99].tolist() == [348, 153, 363, 361, 299]


def loop_with_global_seed(labels, counts, seed):
    np.random.seed(seed)
    kept = []
    for c, count in enumerate(counts):
        positions = np.array([i for i, y in enumerate(labels) if y == c])
        np.random.shuffle(positions)
        kept.extend(positions[:count].tolist())
    return kept


@given(
    labels=st.lists(st.integers(0, 3), min_size=4, max_size=60),
    seed=st.integers(0, 2**32 - 1))
def test_positions_equal_the_loop_with_the_global_seed(labels, seed):
    labels = np.array(labels + [0, 1, 2, 3])
    counts = [max(1, n // 2) for n in np.bincount(labels)]
    expected = loop_with_global_seed(labels, counts, seed)
    assert kept_positions(labels, counts, seed).tolist() == expected


def test_global_numpy_state_is_not_touched():
    np.random.seed(7)
    expected = np.random.rand(3)
    np.random.seed(7)
    kept_positions(np.arange(100) % 4, [5, 5, 5, 5], seed=0)
    np.testing.assert_array_equal(np.random.rand(3), expected)


def test_seeds_draw_different_images():
    labels = np.arange(1000) % 2
    first, second = (kept_positions(labels, [50, 50], seed) for seed in (0, 1))
    assert set(first) != set(second)


def test_seed_none_is_refused():
    with pytest.raises(ValueError, match='seed must be a whole .*None'):
        kept_positions(np.arange(4) % 2, [1, 1], seed=None)


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
    with pytest.raises(ValueError, match='1 of 3 classes have no image: c'):
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


def test_given_counts_of_wrong_length_are_refused():
    with pytest.raises(ValueError, match='3 in this dataset, but got 2'):
        LongTailed(toy(), counts=[1, 2])


@pytest.mark.parametrize('count', [0, -1, 1.5, float('nan'), float('inf')])
def test_given_counts_that_are_none_are_refused_before_reading(count):
    with pytest.raises(ValueError, match='whole number of at least 1'):
        LongTailed(toy(), counts=[1, count, 1], lazy_init=True)


def test_given_counts_above_the_full_class_are_refused():
    with pytest.raises(
            ValueError, match='class 1 has 20, but the split keeps 21'):
        LongTailed(toy(), counts=[1, 21, 1])


@pytest.mark.parametrize('options, words', [
    (dict(imbalance_factor=float('nan')), 'imbalance_factor .* got nan'),
    (dict(imbalance_factor=float('inf')), 'imbalance_factor .* got inf'),
    (dict(imbalance_factor=0.5), 'Write 100, not 0.01'),
    (dict(imbalance_factor=2, max_count=float('nan')), 'max_count .* got nan'),
    (dict(imbalance_factor=2, max_count=0), 'max_count .* got 0'),
    (dict(imbalance_factor=2, seed=float('nan')), 'seed .* got nan'),
    (dict(imbalance_factor=2, profile='expo'), "did you mean 'exp'"),
])
def test_option_out_of_range_is_refused_before_reading(options, words):
    with pytest.raises(ValueError, match=words):
        LongTailed(toy(), lazy_init=True, **options)


@pytest.mark.parametrize('options', [
    dict(imbalance_factor=2),
    dict(counts=[1, 1, 1]),
])
def test_empty_class_folder_is_named_with_what_to_do(tmp_path, options):
    for name in ('ant', 'bee', 'cat'):
        (tmp_path / name).mkdir()
        if name != 'bee':
            for i in range(4):
                (tmp_path / name / f'{i}.png').touch()
    folder = CustomDataset(data_root=str(tmp_path))
    with pytest.raises(
            ValueError, match='1 of 3 classes have no image: bee.*folder'):
        LongTailed(folder, **options)
