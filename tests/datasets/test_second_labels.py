# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcurv.datasets.second_labels import mark_second, read_second


def samples():
    return [DataSample().set_gt_label(c) for c in range(3)]


def test_labels_are_read_as_they_were_written_and_own_labels_stay():
    marked = samples()
    mark_second(marked, torch.tensor([7, 7, 2]))
    assert read_second(marked).tolist() == [7, 7, 2]
    assert [int(sample.gt_label) for sample in marked] == [0, 1, 2]


def test_reused_samples_get_new_labels():
    marked = samples()
    mark_second(marked, torch.tensor([7, 7, 2]))
    mark_second(marked, torch.tensor([1, 0, 1]))
    assert read_second(marked).tolist() == [1, 0, 1]


def test_samples_without_marks_have_none():
    assert read_second(samples()) is None


def test_batches_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match='expected 3 labels.*got 2'):
        mark_second(samples(), torch.tensor([1, 2]))


def test_marks_on_a_part_of_the_batch_are_refused():
    marked = samples()
    mark_second(marked[:2], torch.tensor([1, 2]))
    with pytest.raises(RuntimeError, match='got 1 of 3 without it'):
        read_second(marked)
