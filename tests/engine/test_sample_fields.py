# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.utils.batch_augments import CutMix, Mixup
from mmpretrain.structures import DataSample

from mmcurv.datasets.paired_fields import clear_pairs, mark_pairs
from mmcurv.engine.sample_fields import get_indices, get_labels, split_mixed


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
