# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.losses import FocalLoss

from mmcurv.models.losses import (ClassBalancedLoss, SoftmaxFocalLoss,
                                  softmax_focal)
from tests.models.losses.every_loss import COUNTS, batch, mean
from tests.reference.long_tailed_losses import focal


@pytest.mark.parametrize('gamma', [0., 0.5, 1., 2., 3.])
@pytest.mark.parametrize('detach_pt', [False, True])
def test_value_is_that_of_the_loop(gamma, detach_pt):
    scores, labels = batch()
    expected = mean(
        [focal(row, y, gamma) for row, y in zip(scores.tolist(), labels)])
    loss = SoftmaxFocalLoss(gamma, detach_pt)
    assert loss(scores, labels).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('detach_pt', [False, True])
def test_gamma_of_zero_is_cross_entropy(detach_pt):
    scores, labels = batch()
    loss = SoftmaxFocalLoss(0., detach_pt)
    torch.testing.assert_close(
        loss(scores, labels), F.cross_entropy(scores, labels))


def test_detached_factor_scales_the_gradient_of_cross_entropy():
    scores, labels = batch()
    scores.requires_grad_()
    p = scores.softmax(1).gather(1, labels[:, None])
    losses = F.cross_entropy(scores, labels, reduction='none')
    plain, = torch.autograd.grad(losses.sum(), scores)
    detached, = torch.autograd.grad(
        softmax_focal(scores, labels, 2., detach_pt=True).sum(), scores)
    torch.testing.assert_close(detached, (1 - p.detach())**2 * plain)
    whole, = torch.autograd.grad(
        softmax_focal(scores, labels, 2.).sum(), scores)
    assert not torch.allclose(whole, detached)


def test_class_weights_do_not_enter_the_probability():
    scores, labels = batch()
    weights = torch.tensor([0.2, 1., 3., 5.], dtype=torch.float64)
    loss = SoftmaxFocalLoss(1.)
    single = loss(scores, labels, reduction_override='none')
    loss.set_weights(weights)
    # Divided by the batch size, not by the weights.
    torch.testing.assert_close(
        loss(scores, labels), (weights[labels] * single).mean())


@pytest.mark.parametrize('gamma', [0.5, 1., 2.])
def test_gradient_is_right_where_the_probability_is_rounded_to_one(gamma):
    scores = torch.tensor([[200., 0., 0.]], requires_grad=True)
    softmax_focal(scores, torch.tensor([0]), gamma).sum().backward()
    assert scores.grad.isfinite().all()
    assert scores.grad.abs().max() < 1e-20


def test_easy_samples_count_less_than_in_cross_entropy():
    scores = torch.tensor([[5., 0.], [0., 0.]], dtype=torch.float64)
    labels = torch.tensor([0, 0])
    easy, hard = softmax_focal(scores, labels, 1.) / F.cross_entropy(
        scores, labels, reduction='none')
    assert easy.item() == pytest.approx(1 / (1 + torch.e**5))
    assert hard.item() == pytest.approx(0.5)


def test_sigmoid_form_is_that_of_mmpretrain_in_the_same_head():
    scores, labels = batch()
    theirs = FocalLoss(
        gamma=2., alpha=0.5)(
            scores, labels, avg_factor=len(labels))
    ours = ClassBalancedLoss('focal', beta=0., gamma=2., class_counts=COUNTS)
    torch.testing.assert_close(2 * theirs, ours(scores, labels))


def test_negative_gamma_is_refused():
    with pytest.raises(ValueError, match='gamma of at least 0, got -1'):
        SoftmaxFocalLoss(-1.)
