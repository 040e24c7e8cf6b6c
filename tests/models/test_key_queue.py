# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.key_queue import KeyQueue


def numbered(start, size=2):
    """Keys filled with their number, which is also their label."""
    labels = torch.arange(start, start + size)
    return labels[:, None].float().expand(size, 3), labels


def test_new_queue_is_empty():
    queue = KeyQueue(6, 3)
    assert queue.labels.tolist() == [-1] * 6 and queue.position == 0


def test_oldest_keys_leave_first():
    queue = KeyQueue(6, 3)
    for start in (0, 2, 4, 6):
        queue.push(*numbered(start))
    assert queue.labels.tolist() == [6, 7, 2, 3, 4, 5]
    assert torch.equal(queue.keys, queue.labels[:, None].expand(6, 3).float())
    assert queue.position == 2


def test_queue_goes_on_from_its_state():
    first, second = KeyQueue(6, 3), KeyQueue(6, 3)
    first.push(*numbered(0))
    second.load_state_dict(first.state_dict())
    for queue in (first, second):
        queue.push(*numbered(2))
    assert torch.equal(first.keys, second.keys)
    assert second.labels.tolist() == [0, 1, 2, 3, -1, -1]


def test_batch_that_does_not_fill_the_queue_is_refused():
    with pytest.raises(ValueError, match='queue_size=6.*got 4 images'):
        KeyQueue(6, 3).push(*numbered(0, 4))


def test_batch_of_another_size_is_refused():
    queue = KeyQueue(6, 3)
    queue.push(*numbered(0, 2))
    with pytest.raises(ValueError, match='one size, got 3 images after 2'):
        queue.push(*numbered(0, 3))


def test_queue_of_nothing_is_refused():
    with pytest.raises(ValueError, match='at least one key'):
        KeyQueue(0, 3)
