# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.feature_queue import FeatureQueue


def push(queue, numbers):
    """Push features that are filled with their labels."""
    labels = torch.tensor(numbers, dtype=torch.int64)
    features = labels[:, None].repeat(1, queue.rows.shape[1]).float()
    queue.push(features, labels)


def contents(queue):
    features, labels = queue.contents()
    assert torch.equal(features[:, 0].long(), labels)
    return sorted(labels.tolist())


def test_empty_queue_has_no_contents():
    assert contents(FeatureQueue(4, 2)) == []


def test_oldest_features_leave_first():
    queue = FeatureQueue(4, 2)
    push(queue, [0, 1, 2])
    assert contents(queue) == [0, 1, 2]
    push(queue, [3, 4])
    assert contents(queue) == [1, 2, 3, 4]
    push(queue, [5, 6, 7, 8, 9, 10])
    assert contents(queue) == [7, 8, 9, 10]
    push(queue, [11])
    assert contents(queue) == [8, 9, 10, 11]


def test_any_sequence_of_pushes_keeps_the_last_ones():
    generator = torch.Generator().manual_seed(0)
    queue, pushed = FeatureQueue(7, 1), []
    for _ in range(50):
        count = int(torch.randint(0, 12, (), generator=generator))
        push(queue, range(len(pushed), len(pushed) + count))
        pushed += range(len(pushed), len(pushed) + count)
        assert contents(queue) == pushed[-7:]


def test_push_of_nothing_changes_nothing():
    queue = FeatureQueue(4, 2)
    push(queue, [0, 1])
    before = {k: v.clone() for k, v in queue.state_dict().items()}
    push(queue, [])
    for name, value in queue.state_dict().items():
        assert torch.equal(value, before[name])


def test_features_are_kept_without_gradient_in_full_precision():
    queue = FeatureQueue(4, 2)
    features = torch.ones(3, 2, dtype=torch.bfloat16, requires_grad=True)
    queue.push(features, torch.zeros(3, dtype=torch.int64))
    kept, _ = queue.contents()
    assert kept.dtype == torch.float32 and not kept.requires_grad


def test_loaded_queue_goes_on_where_the_saved_one_was():
    queue, loaded = FeatureQueue(4, 2), FeatureQueue(4, 2)
    push(queue, [0, 1, 2, 3, 4])
    loaded.load_state_dict(queue.state_dict())
    for one in (queue, loaded):
        push(one, [5])
        assert contents(one) == [2, 3, 4, 5]


def test_queue_of_no_feature_is_refused():
    with pytest.raises(ValueError, match='at least one feature.*got 0 and 2'):
        FeatureQueue(0, 2)


def test_name_of_the_features_in_a_state_dict_is_given():
    queue = FeatureQueue(2, 1, 'keys')
    push(queue, [5])
    assert {*queue.state_dict()} == {'keys', 'labels', 'position'}
    assert queue.keys.tolist() == [[5], [0]] == queue.rows.tolist()
