# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.utils.batch_augments import CutMix, Mixup
from mmpretrain.structures import DataSample

from mmcurv.samples import (check_labels, clear_pairs, get_indices, get_labels,
                            mark_pairs, mark_second, read_pairs, read_second,
                            split_mixed)


def labelled(*labels):
    return [DataSample().set_gt_label(label) for label in labels]


def test_marks_are_read_as_they_were_written():
    made = labelled(3, 1, 2)
    mark_pairs(made, torch.tensor([0, 1, 2]), 0.3)
    labels, others, share = read_pairs(made)
    assert labels.tolist() == [3, 1, 2]
    assert others.tolist() == [0, 1, 2]
    assert others.dtype == torch.int64
    assert share == 0.3  # not rounded to a float32


def test_samples_without_marks_hold_no_pair():
    assert read_pairs(labelled(0, 1)) is None


def test_marks_of_an_earlier_batch_can_be_removed_and_written_again():
    made = labelled(0, 1)
    mark_pairs(made, torch.tensor([1, 1]), 0.3)
    clear_pairs(made)
    assert read_pairs(made) is None
    assert not {'paired_label', 'paired_share'} & set(made[0].all_keys())
    clear_pairs(made)
    mark_pairs(made, torch.tensor([0, 0]), 0.6)
    assert read_pairs(made).share == 0.6


def test_batch_with_two_shares_is_refused():
    made = labelled(0, 1)
    mark_pairs(made[:1], torch.tensor([1]), 0.3)
    mark_pairs(made[1:], torch.tensor([1]), 0.4)
    with pytest.raises(RuntimeError, match=r'one share .*\[0.3, 0.4\]'):
        read_pairs(made)


def test_batch_that_is_marked_in_part_is_refused():
    made = labelled(0, 1)
    mark_pairs(made[:1], torch.tensor([1]), 0.3)
    with pytest.raises(RuntimeError, match='and samples without one'):
        read_pairs(made)


def test_soft_labels_beside_pairs_are_refused():
    made = labelled(0, 1)
    mark_pairs(made, torch.tensor([1, 1]), 0.3)
    made[1].set_gt_score([0.3, 0.7])
    with pytest.raises(RuntimeError, match='gt_score'):
        read_pairs(made)


def test_images_with_several_labels_are_refused():
    made = labelled([0, 1], 1)
    mark_pairs(made, torch.tensor([1, 1]), 0.3)
    with pytest.raises(RuntimeError, match='got 3 labels for 2 images'):
        read_pairs(made)


@pytest.mark.parametrize('others, share', [([1], 0.5), ([1, 1], 1.5)])
def test_marks_that_fit_no_batch_are_refused(others, share):
    with pytest.raises(ValueError, match='share from 0 to 1'):
        mark_pairs(labelled(0, 1), torch.tensor(others), share)


def three():
    return [DataSample().set_gt_label(c) for c in range(3)]


def test_labels_are_read_as_they_were_written_and_own_labels_stay():
    marked = three()
    mark_second(marked, torch.tensor([7, 7, 2]))
    assert read_second(marked).tolist() == [7, 7, 2]
    assert [int(sample.gt_label) for sample in marked] == [0, 1, 2]


def test_reused_samples_get_new_labels():
    marked = three()
    mark_second(marked, torch.tensor([7, 7, 2]))
    mark_second(marked, torch.tensor([1, 0, 1]))
    assert read_second(marked).tolist() == [1, 0, 1]


def test_samples_without_marks_have_none():
    assert read_second(three()) is None


def test_batches_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match='expected 3 labels.*got 2'):
        mark_second(three(), torch.tensor([1, 2]))


def test_marks_on_a_part_of_the_batch_are_refused():
    marked = three()
    mark_second(marked[:2], torch.tensor([1, 2]))
    with pytest.raises(RuntimeError, match='got 1 of 3 without it'):
        read_second(marked)


def samples(labels, numbered=True):
    made = []
    for i, label in enumerate(labels):
        info = dict(sample_idx=i) if numbered else {}
        made.append(DataSample(metainfo=info).set_gt_label(label))
    return made


def test_labels_and_indices_are_those_of_the_samples():
    made = samples([2, 0, 1])
    assert get_labels(made).tolist() == [2, 0, 1]
    assert get_indices(made).tolist() == [0, 1, 2]


def test_integer_tensor_is_taken_as_labels():
    assert get_labels(torch.tensor([1, 2])).tolist() == [1, 2]


def test_one_sample_without_index_leaves_none():
    assert get_indices(samples([0, 1]) + samples([1], numbered=False)) is None


def test_multi_label_sample_is_refused():
    with pytest.raises(RuntimeError, match='one label per image, got 2'):
        get_labels([DataSample().set_gt_label([0, 1])])


@pytest.mark.parametrize('nothing', [None, [], [DataSample()]])
def test_missing_label_is_refused(nothing):
    with pytest.raises(RuntimeError, match='gt_label'):
        get_labels(nothing)


@pytest.mark.parametrize('augment', [Mixup(alpha=1.), CutMix(alpha=1.)])
def test_mixed_images_are_skipped_or_take_the_larger_share(augment):
    torch.manual_seed(0)
    made = samples([0, 1, 2, 3])
    _, scores = augment.mix(torch.randn(4, 1, 8, 8), torch.eye(4))
    for sample, score in zip(made, scores):
        sample.set_gt_score(score)
    mixed = scores.max(1).values < 1 - 1e-6
    assert mixed.any()
    kept, _ = split_mixed(made, get_labels(made), 'skip')
    assert not kept.any()
    kept, labels = split_mixed(made, get_labels(made), 'dominant')
    assert kept.all() and torch.equal(labels, scores.argmax(1))


def test_images_mixed_with_their_own_class_are_skipped_too():
    made = samples([0, 0, 1])
    scores = torch.tensor([[1., 0.], [0.7, 0.3], [0.3, 0.7]])
    for sample, score in zip(made, scores):
        sample.set_gt_score(score)
    kept, _ = split_mixed(made, get_labels(made), 'skip')
    assert not kept.any()
    kept, labels = split_mixed(made, get_labels(made), 'dominant')
    assert kept.all() and labels.tolist() == [0, 0, 1]


def test_one_hot_scores_are_not_mixed():
    made = samples([1])
    made[0].set_gt_score(torch.tensor([0., 1.]))
    kept, labels = split_mixed(made, get_labels(made), 'skip')
    assert kept.all() and labels.tolist() == [1]


@pytest.mark.parametrize('share, dominant',
                         [(0.7, [0, 1, 2]), (0.5, [0, 1, 2]),
                          (0.3, [2, 2, 1])])
def test_images_with_two_labels_are_skipped_or_take_the_larger_share(
        share, dominant):
    made = samples([0, 1, 2])
    mark_pairs(made, torch.tensor([2, 2, 1]), share)
    kept, _ = split_mixed(made, get_labels(made), 'skip')
    assert not kept.any()
    kept, labels = split_mixed(made, get_labels(made), 'dominant')
    assert kept.all() and labels.tolist() == dominant


def test_images_whose_pairs_were_cleared_are_not_mixed():
    made = samples([0, 1])
    mark_pairs(made, torch.tensor([1, 1]), 0.4)
    clear_pairs(made)
    kept, labels = split_mixed(made, get_labels(made), 'skip')
    assert kept.all() and labels.tolist() == [0, 1]


def test_tensor_of_labels_is_not_mixed():
    labels = torch.tensor([1, 0])
    kept, same = split_mixed(labels, labels, 'skip')
    assert kept.all() and torch.equal(same, labels)


def numbered(labels):
    """Samples of images 40, 41, ..."""
    return [
        DataSample(metainfo=dict(sample_idx=40 + i)).set_gt_label(label)
        for i, label in enumerate(labels)
    ]


@pytest.mark.parametrize('label', [-1, 3])
def test_label_outside_is_named_with_its_image_and_the_range(label):
    batch = dict(data_samples=numbered([0, label, 2]))
    with pytest.raises(
            ValueError,
            match=rf'\[0, 3\), the 3 classes.*got \[{label}\] for the images '
            'with sample_idx 41. Correct .* resume'):
        check_labels(batch, 3)


def test_image_without_a_number_is_not_named():
    batch = dict(data_samples=[DataSample().set_gt_label(7)])
    with pytest.raises(ValueError, match=r'got \[7\]\. Correct'):
        check_labels(batch, 3)


@pytest.mark.parametrize('batch', [
    dict(data_samples=numbered([0, 2])),
    dict(data_samples=torch.tensor([0, 2])),
    dict(data_samples=[DataSample()]),
    dict(data_samples=[]),
    dict(inputs=torch.zeros(2)),
    (torch.zeros(2), torch.tensor([9])),
    None,
])
def test_labels_inside_or_not_shown_pass(batch):
    check_labels(batch, 3)


def test_labels_on_a_device_are_not_waited_for():
    check_labels(dict(data_samples=torch.empty(2, device='meta')), 3)
