# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.models.heads import (ClsHead, ConformerHead, LinearClsHead,
                                     StackedLinearClsHead)
from mmpretrain.structures import DataSample
from torch import nn

from mmcurv.models import PairedLabels, PairedLinearHead
from mmcurv.models.heads import paired_loss
from mmcurv.registry import MODELS
from mmcurv.samples import Pairs, mark_pairs

LABELS, OTHERS, SHARE = (0, 1, 2, 2, 0), (2, 2, 2, 0, 1), 0.3
MARGINS = torch.tensor([0.1, 0.2, 0.5])


class MarginLoss(nn.Module):
    """Scores of the own class are lowered first, as in LDAM."""

    def forward(self, scores, labels, avg_factor=None):
        if labels.dim() == 2:  # the soft label gets a mixture of margins
            lowered = scores - labels * MARGINS
        else:
            lowered = scores - F.one_hot(labels, 3) * MARGINS
        return F.cross_entropy(4 * lowered, labels)


class NoisyLoss(nn.Module):
    """Draws noise once per call, and knows how to share it."""

    def forward(self, scores, labels, avg_factor=None):
        return F.cross_entropy(scores + torch.randn_like(scores), labels)

    def pair(self, scores, labels, others, share, avg_factor=None):
        noisy = scores + torch.randn_like(scores)
        return (share * F.cross_entropy(noisy, labels) +
                (1 - share) * F.cross_entropy(noisy, others))


@pytest.fixture
def features():
    return torch.randn(5, 4, generator=torch.Generator().manual_seed(0))


def samples(paired=True):
    made = [DataSample().set_gt_label(label) for label in LABELS]
    if paired:
        mark_pairs(made, torch.tensor(OTHERS), SHARE)
    return made


def build(**options):
    torch.manual_seed(1)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(
            dict(
                type='mmcurv.PairedLinearHead',
                num_classes=3,
                in_channels=4,
                **options))


def loop(loss_of, scores):
    """The paired loss, one image and one label at a time."""
    total = 0.
    for score, label, other in zip(scores, LABELS, OTHERS):
        total += SHARE * loss_of(score, label)
        total += (1 - SHARE) * loss_of(score, other)
    return total / len(scores)


def margin_of_one(score, label):
    score = score.clone()
    score[label] -= MARGINS[label]
    return -(4 * score).log_softmax(0)[label]


def test_nonlinear_loss_of_pairs_equals_the_loop(features):
    head = build(loss=MarginLoss())
    loss = head.loss((features, ), samples())['loss']
    expected = loop(margin_of_one, head.fc(features))
    torch.testing.assert_close(loss, expected)


def test_soft_labels_give_a_nonlinear_loss_another_value(features):
    head = build(loss=MarginLoss())
    soft = [DataSample().set_gt_label(label) for label in LABELS]
    for sample, label, other in zip(soft, LABELS, OTHERS):
        score = torch.zeros(3)
        score[label] += SHARE
        score[other] += 1 - SHARE
        sample.set_gt_score(score)
    mixed = head.loss((features, ), soft)['loss']
    paired = head.loss((features, ), samples())['loss']
    assert abs(mixed - paired) > 1e-2


def test_cross_entropy_of_pairs_equals_that_of_soft_labels(features):
    head = build()
    scores = head.fc(features)
    soft = (
        SHARE * F.one_hot(torch.tensor(LABELS), 3) +
        (1 - SHARE) * F.one_hot(torch.tensor(OTHERS), 3))
    loss = head.loss((features, ), samples())['loss']
    torch.testing.assert_close(loss, F.cross_entropy(scores, soft))


def test_class_weights_are_normalized_for_each_label_by_itself():
    weight = torch.tensor([1., 2., 5.])
    pairs = Pairs(torch.tensor(LABELS), torch.tensor(OTHERS), SHARE)
    scores = torch.randn(5, 3)
    first = F.cross_entropy(scores, pairs.labels, weight)
    second = F.cross_entropy(scores, pairs.others, weight)
    loss = paired_loss(nn.CrossEntropyLoss(weight), scores, pairs)
    torch.testing.assert_close(loss, SHARE * first + (1 - SHARE) * second)


def test_loss_that_can_pair_draws_its_noise_once_for_both_labels(features):
    head = build(loss=NoisyLoss())
    torch.manual_seed(2)
    noise = torch.randn(5, 3)
    torch.manual_seed(2)
    loss = head.loss((features, ), samples())['loss']
    expected = loop(lambda score, label: -score.log_softmax(0)[label],
                    head.fc(features) + noise)
    torch.testing.assert_close(loss, expected)


def test_head_without_marks_is_the_head_of_mmpretrain(features):
    head = build(cal_acc=True)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        plain = LinearClsHead(num_classes=3, in_channels=4, cal_acc=True)
    plain.load_state_dict(head.state_dict())
    ours = head.loss((features, ), samples(paired=False))
    assert ours.keys() == {'loss', 'accuracy_top-1'}
    theirs = plain.loss((features, ), samples(paired=False))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value)


def test_training_accuracy_is_that_of_the_main_label():
    head = build(cal_acc=True, topk=(1, 2))
    head.fc = nn.Identity()
    scores = 3 * F.one_hot(torch.tensor(LABELS), 3).float()
    scores[0] = torch.tensor([1., 3., 0.])  # wrong, but among the first two
    losses = head.loss((scores, ), samples())
    assert losses['accuracy_top-1'][0].item() == pytest.approx(80.)
    assert losses['accuracy_top-2'][0].item() == pytest.approx(100.)


def test_any_head_with_the_loss_of_clshead_takes_pairs(features):

    class PairedStackedHead(PairedLabels, StackedLinearClsHead):
        pass

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        head = PairedStackedHead(3, 4, mid_channels=[6], loss=MarginLoss())
    head.eval()
    loss = head.loss((features, ), samples())['loss']
    torch.testing.assert_close(loss, loop(margin_of_one, head((features, ))))


@pytest.mark.parametrize('behind', [ConformerHead, object])
def test_head_with_a_loss_of_its_own_is_refused(behind):
    with pytest.raises(TypeError, match='Give Paired a _get_loss'):
        type('Paired', (PairedLabels, behind), {})


def test_head_that_pairs_by_itself_is_accepted():

    class Paired(PairedLabels, ConformerHead):

        def _get_loss(self, cls_score, data_samples, **kwargs):
            raise NotImplementedError

    assert issubclass(Paired, ClsHead)
    assert issubclass(PairedLinearHead, PairedLabels)
