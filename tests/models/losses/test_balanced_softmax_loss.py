# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import BalancedSoftmaxLoss, log_prior
from tests.models.losses.every_loss import CIFAR10_IF100, COUNTS, batch, make
from tests.reference.long_tailed_losses import balanced_softmax


def test_log_prior_of_cifar10_lt_is_the_published_one():
    assert log_prior(CIFAR10_IF100).tolist() == pytest.approx([
        -.9087, -1.4206, -1.9326, -2.4440, -2.9567, -3.4675, -3.9792, -4.4915,
        -5.0071, -5.5139
    ],
                                                              abs=6e-5)


@pytest.mark.parametrize('tau', [0., 0.5, 1., 2.])
def test_value_is_that_of_the_loop(tau):
    scores, labels = batch()
    expected = balanced_softmax(scores.tolist(), labels.tolist(), COUNTS, tau)
    loss = make('balanced softmax', torch.float64, tau=tau)
    assert loss(scores, labels).item() == pytest.approx(expected, rel=1e-12)


def test_balanced_counts_give_cross_entropy():
    scores, labels = batch()
    loss = BalancedSoftmaxLoss().double()
    loss.set_class_counts([50] * 4)
    torch.testing.assert_close(
        loss(scores, labels), F.cross_entropy(scores, labels))


def test_tau_of_zero_is_cross_entropy():
    scores, labels = batch()
    loss = make('balanced softmax', torch.float64, tau=0.)
    torch.testing.assert_close(
        loss(scores, labels), F.cross_entropy(scores, labels))


def test_scores_of_a_balanced_set_plus_the_prior_have_no_gradient():
    """Where scores are equal, the prior alone predicts the labels."""
    scores = torch.zeros(sum(COUNTS), 4, dtype=torch.float64)
    scores.requires_grad_()
    labels = torch.arange(4).repeat_interleave(torch.tensor(COUNTS))
    make('balanced softmax', torch.float64)(scores, labels).backward()
    assert scores.grad.sum(0).abs().max() < 1e-15


def test_negative_tau_is_refused():
    with pytest.raises(ValueError, match='tau of at least 0'):
        BalancedSoftmaxLoss(tau=-1.)
