# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import doctest
import math

import numpy as np
import pytest
import torch

from mmcurv.regularization import FeaturePool


def rows(*values):
    return torch.tensor(values, dtype=torch.float32)[:, None]


def ints(*values):
    return torch.tensor(values, dtype=torch.long)


def held(pool, c):
    return pool.members(c)[:, 0].tolist()


def state(pool):
    return copy.deepcopy(pool.state_dict())


def assert_same_state(pool, before):
    after = pool.state_dict()
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert torch.equal(after[name], value), name


def test_new_pool_is_empty():
    pool = FeaturePool([3, 0, 2], 4)
    assert pool.fill().tolist() == [0, 0, 0]
    assert pool.features.shape == (5, 4)
    assert pool.class_of(torch.arange(5)).tolist() == [0, 0, 0, 2, 2]
    for c in range(3):
        assert pool.members(c).shape == (0, 4)


def test_new_feature_replaces_the_images_own_old_one():
    pool = FeaturePool([3, 2], 1)
    pool.push(rows(1, 2, 3), ints(0, 1, 0), ints(0, 3, 1))
    pool.push(rows(10, 30), ints(0, 0), ints(0, 1))
    assert held(pool, 0) == [10, 30] and held(pool, 1) == [2]
    assert pool.fill().tolist() == [2, 1]


def test_resampled_images_do_not_push_others_out():
    pool = FeaturePool([3], 1)
    pool.push(rows(1, 2, 3), ints(0, 0, 0), ints(0, 1, 2))
    for value in range(10):
        pool.push(rows(value), ints(0), ints(1))
    assert held(pool, 0) == [1, 9, 3]


def test_of_an_image_that_occurs_twice_the_last_row_counts():
    pool = FeaturePool([3], 1)
    pool.push(rows(1, 2, 3), ints(0, 0, 0), ints(2, 0, 2))
    assert held(pool, 0) == [2, 3]
    pool.push(rows(4, 5, 6), ints(0, 0, 0), ints(0, 2, 0))
    assert held(pool, 0) == [6, 5]


def test_last_finite_row_counts_when_a_later_one_is_not_finite():
    pool = FeaturePool([3], 1)
    pool.push(rows(1, math.nan), ints(0, 0), ints(0, 0))
    assert held(pool, 0) == [1]
    assert pool.num_nonfinite == 1


def test_queue_drops_the_oldest_of_the_same_class():
    pool = FeaturePool([2, 3], 1, addressing='fifo')
    pool.push(rows(1, 2, 3, 4), ints(0, 1, 0, 0))
    assert held(pool, 0) == [3, 4] and held(pool, 1) == [2]
    pool.push(rows(5), ints(0))
    assert held(pool, 0) == [4, 5] and held(pool, 1) == [2]


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_batch_larger_than_the_class_leaves_its_last_rows(addressing):
    pool = FeaturePool([9, 9], 1, addressing, max_per_class=2)
    pool.push(rows(*range(7)), torch.zeros(7).long(), torch.arange(7))
    assert held(pool, 0) == [5, 6]
    assert pool.fill().tolist() == [2, 0]


def test_image_without_a_slot_pushes_the_oldest_image_out():
    pool = FeaturePool([4], 1, max_per_class=2)
    pool.push(rows(1, 2), ints(0, 0), ints(0, 1))
    pool.push(rows(3), ints(0), ints(2))
    assert held(pool, 0) == [2, 3]
    pool.push(rows(4), ints(0), ints(0))  # pushed out, so it queues again
    assert held(pool, 0) == [3, 4]


def test_image_that_its_own_batch_pushes_out_is_out():
    pool = FeaturePool([4], 1, max_per_class=2)
    pool.push(rows(1, 2), ints(0, 0), ints(0, 1))
    plan = pool.plan(rows(10, 3), ints(0, 0), ints(0, 2))
    assert plan.slots.tolist() == [-1, 0] and plan.arrivals.tolist() == [1]
    pool.push(rows(10, 3), ints(0, 0), ints(0, 2))
    assert held(pool, 0) == [2, 3]
    pool.push(rows(5), ints(0), ints(0))
    assert held(pool, 0) == [3, 5]


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_empty_push_changes_nothing(addressing):
    pool = FeaturePool([2, 3], 1, addressing)
    for _ in range(2):
        before = state(pool)
        pool.push(torch.empty(0, 1), ints(), ints())
        pool.push(torch.empty(0, 1), torch.empty(0), torch.empty(0))
        assert_same_state(pool, before)
        pool.push(rows(1, 2), ints(0, 1), ints(0, 1))


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_rows_that_are_not_finite_are_counted_and_not_stored(addressing, bad):
    pool = FeaturePool([2, 2], 2, addressing)
    features = torch.tensor([[1., 1.], [bad, 1.], [3., 3.], [4., bad]])
    pool.push(features, ints(0, 0, 1, 1), ints(0, 1, 2, 3))
    assert held(pool, 0) == [1] and held(pool, 1) == [3]
    assert pool.num_nonfinite == 2
    pool.push(features[1:2], ints(0), ints(0))
    assert held(pool, 0) == [1] and pool.num_nonfinite == 3


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_stores_the_rounded_features(dtype):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(6, 5, generator=generator)
    pool = FeaturePool([6], 5, dtype=dtype)
    pool.push(features, torch.zeros(6).long(), torch.arange(6))
    assert pool.members(0).dtype == dtype
    assert torch.equal(pool.members(0), features.to(dtype))
    full = FeaturePool([6], 5)
    full.push(features.to(dtype), torch.zeros(6).long(), torch.arange(6))
    assert torch.equal(full.members(0), features.to(dtype).float())


@pytest.mark.parametrize('dtype, wide, too_large',
                         [(torch.float16, torch.float32, 7e4),
                          (torch.float32, torch.float64, 1e39)])
def test_features_beyond_the_range_of_the_storage_are_not_stored_as_inf(
        dtype, wide, too_large):
    pool = FeaturePool([3], 1, dtype=dtype)
    features = torch.tensor([[1.], [too_large], [-too_large]], dtype=wide)
    pool.push(features, ints(0, 0, 0), ints(0, 1, 2))
    assert held(pool, 0) == [1]
    assert pool.num_nonfinite == 2


def test_cap_limits_each_class_and_no_class_below_it():
    pool = FeaturePool([5, 2, 0], 1, max_per_class=3)
    assert pool.capacity.tolist() == [3, 2, 0]
    assert len(pool.features) == 5


def test_class_counts_may_be_a_list_an_array_or_a_tensor():
    for counts in ([3, 2], (3, 2), np.array([3, 2]), ints(3, 2)):
        assert FeaturePool(counts, 1).capacity.tolist() == [3, 2]


def test_labels_and_indices_may_be_lists():
    pool = FeaturePool([3, 2], 1)
    pool.push(rows(1, 2), [0, 1], [0, 3])
    assert held(pool, 0) == [1] and held(pool, 1) == [2]


def test_pool_does_not_keep_the_graph_nor_the_callers_memory():
    features = rows(1, 2).requires_grad_()
    pool = FeaturePool([2], 1)
    pool.push(features, ints(0, 0), ints(0, 1))
    assert not pool.features.requires_grad
    with torch.no_grad():
        features.fill_(9.)
    assert held(pool, 0) == [1, 2]
    assert not list(pool.parameters())


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_plan_changes_nothing_and_push_follows_it(addressing):
    generator = torch.Generator().manual_seed(0)
    pool = FeaturePool([4, 5], 1, addressing, max_per_class=3)
    owner = torch.arange(9) // 4 % 2
    for step in range(8):
        images = torch.randint(8, (5, ), generator=generator)
        features = rows(*range(5 * step, 5 * step + 5))
        before = state(pool)
        plan = pool.plan(features, owner[images], images)
        assert_same_state(pool, before)
        arrived = pool.arrived + plan.arrivals
        pool.push(features, owner[images], images)
        assert torch.equal(pool.arrived, arrived)
        kept = plan.slots >= 0
        assert torch.equal(pool.features[plan.slots[kept]], features[kept])
        assert torch.equal(
            pool.class_of(plan.slots[kept]), owner[images][kept])
        assert len(plan.slots[kept].unique()) == kept.sum()


@pytest.mark.parametrize('options, message', [
    (dict(addressing='ring'), "'index', 'fifo'.*'ring'"),
    (dict(max_per_class=0), 'at least 1 or None, got 0'),
    (dict(class_counts=[]), r'one per class, got \[\]'),
    (dict(class_counts=[2, -1]), r'>= 0, one per class, got \[2, -1\]'),
    (dict(class_counts=[2.5]), r'integers >= 0.*got \[2.5\]'),
    (dict(class_counts=[[2, 1]]), r'one per class, got \[\[2, 1\]\]'),
    (dict(max_per_class=float('nan')), 'at least 1 or None, got nan'),
    (dict(class_counts=[float('nan')]), r'integers >= 0.*got \[nan\]'),
    (dict(feature_dim=0), 'whole number of at least 1, got 0'),
    (dict(feature_dim=float('nan')), 'whole number of at least 1, got nan'),
])
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FeaturePool(
            **dict(dict(class_counts=[2, 3], feature_dim=2), **options))


@pytest.mark.parametrize('batch, message', [
    ((rows(1, 2), ints(0, 1), None), "'index' needs the images' indices"),
    ((rows(1, 2), ints(0, 3), ints(0, 1)), r'\[0, 3\), but 1 of 2 .*max 3'),
    ((rows(1, 2), ints(-1, 0), ints(0, 1)), r'\[0, 3\), but 1 of 2 .*min -1'),
    ((rows(1, 2), ints(0, 2), ints(0, 1)), r'0 images to the classes \[2\]'),
    ((rows(1, 2), ints(0), ints(0, 1)), r'labels.*\(2,\), got \(1,\)'),
    ((rows(1, 2), ints(0, 0), ints(0)), r'indices.*\(2,\), got \(1,\)'),
    ((rows(1, 2), ints(0, 0), ints(0, 5)), r'\[0, 5\).*got \[5\].*fifo'),
    ((rows(1, 2), ints(0, 0), ints(0, -1)), r'\[0, 5\).*got \[-1\]'),
    ((torch.zeros(2, 3), ints(0, 0), ints(0, 1)), r'\(B, 1\), got \(2, 3\)'),
    ((torch.zeros(2), ints(0, 0), ints(0, 1)), r'\(B, 1\), got \(2,\)'),
    ((rows(1), ints(1), ints(4)), 'image 4 came with label 1 .*label 0'),
    ((rows(1, 2), ints(1, 0), ints(
        3, 3)), 'image 3 came with label 1 and with label 0.*concatenation'),
])
def test_wrong_batches_are_named_and_change_nothing(batch, message):
    pool = FeaturePool([3, 2, 0], 1)
    pool.push(rows(7), ints(0), ints(4))
    before = state(pool)
    with pytest.raises(ValueError, match=message):
        pool.push(*batch)
    assert_same_state(pool, before)
    with pytest.raises(ValueError, match=message):
        pool.plan(*batch)


@pytest.mark.parametrize('name, batch',
                         [('labels', (rows(1), torch.tensor([0.7]), ints(1))),
                          ('indices', (rows(1), ints(0), torch.tensor([1.])))])
def test_labels_and_indices_that_are_no_integers_are_not_cut_off(name, batch):
    with pytest.raises(TypeError, match=f'{name} must be integers.*float32'):
        FeaturePool([3, 2], 1).push(*batch)


@pytest.mark.parametrize('c', [-1, 2, 7])
def test_members_of_a_class_that_does_not_exist_are_refused(c):
    with pytest.raises(IndexError, match=rf'class {c} is not in \[0, 2\)'):
        FeaturePool([2, 3], 1).members(c)


def test_state_of_another_addressing_or_size_is_refused():
    pool = FeaturePool([2, 3], 1)
    for other in (FeaturePool([2, 3], 1,
                              'fifo'), FeaturePool([2, 4],
                                                   1), FeaturePool([2, 3], 2)):
        with pytest.raises(RuntimeError):
            other.load_state_dict(pool.state_dict())


def test_description_tells_the_memory():
    pool = FeaturePool([1024, 1024], 512, dtype=torch.float16)
    assert 'slots=2048' in repr(pool) and 'size=2.0 MiB' in repr(pool)


def test_example_in_docstring_is_true():
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(FeaturePool):
        runner.run(example)
    assert runner.tries > 0 and runner.failures == 0
