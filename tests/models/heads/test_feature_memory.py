# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.heads.feature_memory import FeatureMemory


def push(memory, numbers):
    """Push features that are filled with their labels."""
    labels = torch.tensor(numbers, dtype=torch.int64)
    features = labels[:, None].repeat(1, memory.features.shape[1]).float()
    memory.push(features, labels)


def contents(memory):
    features, labels = memory.contents()
    assert torch.equal(features[:, 0].long(), labels)
    return sorted(labels.tolist())


def test_empty_memory_has_no_contents():
    assert contents(FeatureMemory(4, 2)) == []


def test_oldest_features_leave_first():
    memory = FeatureMemory(4, 2)
    push(memory, [0, 1, 2])
    assert contents(memory) == [0, 1, 2]
    push(memory, [3, 4])
    assert contents(memory) == [1, 2, 3, 4]
    push(memory, [5, 6, 7, 8, 9, 10])
    assert contents(memory) == [7, 8, 9, 10]
    push(memory, [11])
    assert contents(memory) == [8, 9, 10, 11]


def test_any_sequence_of_pushes_keeps_the_last_ones():
    generator = torch.Generator().manual_seed(0)
    memory, pushed = FeatureMemory(7, 1), []
    for _ in range(50):
        count = int(torch.randint(0, 12, (), generator=generator))
        push(memory, range(len(pushed), len(pushed) + count))
        pushed += range(len(pushed), len(pushed) + count)
        assert contents(memory) == pushed[-7:]


def test_push_of_nothing_changes_nothing():
    memory = FeatureMemory(4, 2)
    push(memory, [0, 1])
    before = {k: v.clone() for k, v in memory.state_dict().items()}
    push(memory, [])
    for name, value in memory.state_dict().items():
        assert torch.equal(value, before[name])


def test_features_are_kept_without_gradient_in_full_precision():
    memory = FeatureMemory(4, 2)
    features = torch.ones(3, 2, dtype=torch.bfloat16, requires_grad=True)
    memory.push(features, torch.zeros(3, dtype=torch.int64))
    kept, _ = memory.contents()
    assert kept.dtype == torch.float32 and not kept.requires_grad


def test_loaded_memory_goes_on_where_the_saved_one_was():
    memory, loaded = FeatureMemory(4, 2), FeatureMemory(4, 2)
    push(memory, [0, 1, 2, 3, 4])
    loaded.load_state_dict(memory.state_dict())
    for one in (memory, loaded):
        push(one, [5])
        assert contents(one) == [2, 3, 4, 5]


def test_memory_of_no_feature_is_refused():
    with pytest.raises(ValueError, match='at least one feature, got 0'):
        FeatureMemory(0, 2)
