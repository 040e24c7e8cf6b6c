# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcurv.datasets.paired_fields import clear_pairs, mark_pairs, read_pairs


def samples(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


def test_marks_are_read_as_they_were_written():
    made = samples(3, 1, 2)
    mark_pairs(made, torch.tensor([0, 1, 2]), 0.3)
    labels, others, share = read_pairs(made)
    assert labels.tolist() == [3, 1, 2]
    assert others.tolist() == [0, 1, 2]
    assert others.dtype == torch.int64
    assert share == 0.3  # not rounded to a float32


def test_samples_without_marks_hold_no_pair():
    assert read_pairs(samples(0, 1)) is None


def test_marks_of_an_earlier_batch_can_be_removed_and_written_again():
    made = samples(0, 1)
    mark_pairs(made, torch.tensor([1, 1]), 0.3)
    clear_pairs(made)
    assert read_pairs(made) is None
    assert not {'paired_label', 'paired_share'} & set(made[0].all_keys())
    clear_pairs(made)
    mark_pairs(made, torch.tensor([0, 0]), 0.6)
    assert read_pairs(made).share == 0.6


def test_batch_with_two_shares_is_refused():
    made = samples(0, 1)
    mark_pairs(made[:1], torch.tensor([1]), 0.3)
    mark_pairs(made[1:], torch.tensor([1]), 0.4)
    with pytest.raises(RuntimeError, match=r'one share .*\[0.3, 0.4\]'):
        read_pairs(made)


def test_batch_that_is_marked_in_part_is_refused():
    made = samples(0, 1)
    mark_pairs(made[:1], torch.tensor([1]), 0.3)
    with pytest.raises(RuntimeError, match='and samples without one'):
        read_pairs(made)


def test_soft_labels_beside_pairs_are_refused():
    made = samples(0, 1)
    mark_pairs(made, torch.tensor([1, 1]), 0.3)
    made[1].set_gt_score([0.3, 0.7])
    with pytest.raises(RuntimeError, match='gt_score'):
        read_pairs(made)


def test_images_with_several_labels_are_refused():
    made = samples([0, 1], 1)
    mark_pairs(made, torch.tensor([1, 1]), 0.3)
    with pytest.raises(RuntimeError, match='got 3 labels for 2 images'):
        read_pairs(made)


@pytest.mark.parametrize('others, share', [([1], 0.5), ([1, 1], 1.5)])
def test_marks_that_fit_no_batch_are_refused(others, share):
    with pytest.raises(ValueError, match='share from 0 to 1'):
        mark_pairs(samples(0, 1), torch.tensor(others), share)
