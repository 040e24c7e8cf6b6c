# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.losses import FocalLoss

from mmcurv.models.losses import (ClassBalancedLoss,
                                  GeneralizedReweightingLoss, SoftmaxFocalLoss,
                                  effective_number_weights,
                                  inverse_frequency_weights, sigmoid_focal,
                                  softmax_focal)
from mmcurv.models.losses.reweighting import CARRIERS
from tests.models.losses.every_loss import CIFAR10_IF100, COUNTS, batch, mean
from tests.reference import long_tailed_losses as loops
from tests.reference.long_tailed_losses import effective_weights, focal

CIFAR100_IF100 = [int(500 * 0.01**(c / 99)) for c in range(100)]


@pytest.mark.parametrize('beta, expected', [
    (0.9999, [
        0.0506, 0.0769, 0.1211, 0.1950, 0.3188, 0.5246, 0.8683, 1.4426, 2.4092,
        3.9927
    ]),
    (0.999, [
        0.1812, 0.1894, 0.2157, 0.2729, 0.3785, 0.5606, 0.8688, 1.3862, 2.2584,
        3.6883
    ]),
])
def test_weights_of_cifar10_lt_are_the_published_ones(beta, expected):
    weights = effective_number_weights(CIFAR10_IF100, beta)
    assert weights.tolist() == pytest.approx(expected, abs=5e-5)


def test_weights_of_cifar100_lt_are_the_published_ones():
    weights = effective_number_weights(CIFAR100_IF100, 0.9999)
    assert sum(CIFAR100_IF100) == 10847
    assert weights[0].item() == pytest.approx(0.04488, abs=5e-6)
    assert weights[-1].item() == pytest.approx(4.37831, abs=5e-6)


@pytest.mark.parametrize('beta', [0., 0.5, 0.9, 0.999, 0.9999])
def test_weights_are_those_of_the_loop_and_add_up_to_the_classes(beta):
    weights = effective_number_weights(COUNTS, beta)
    assert weights.tolist() == pytest.approx(
        effective_weights(COUNTS, beta), rel=1e-11)
    assert weights.sum().item() == pytest.approx(len(COUNTS))
    assert weights.dtype == torch.float64


def test_beta_of_zero_weighs_all_classes_alike():
    assert effective_number_weights(COUNTS, 0.).tolist() == [1.] * 4


def test_beta_towards_one_weighs_by_inverse_counts():
    inverse = 1 / torch.tensor(COUNTS).double()
    torch.testing.assert_close(
        effective_number_weights(COUNTS, 1 - 1e-12),
        inverse / inverse.mean(),
        rtol=1e-9,
        atol=0)


@pytest.mark.parametrize('beta', [-0.1, 1., 1.5, float('nan')])
def test_beta_out_of_range_is_refused(beta):
    with pytest.raises(ValueError, match=f'below 1, got {beta}'):
        effective_number_weights(COUNTS, beta)


FEW = [100, 10, 1]


def test_weights_are_powers_of_the_counts_with_mean_one():
    weights = inverse_frequency_weights(FEW, rho=1.5)
    assert weights.mean().item() == pytest.approx(1)
    assert (weights[2] / weights[0]).item() == pytest.approx(1000)
    assert (weights[1] / weights[0]).item() == pytest.approx(10**1.5)


def test_rho_of_zero_weighs_all_classes_alike():
    assert inverse_frequency_weights(FEW, rho=0.).tolist() == [1, 1, 1]


def test_mean_is_the_weighted_mean_of_torch():
    torch.manual_seed(0)
    scores = torch.randn(7, 3, dtype=torch.double)
    labels = torch.tensor([0, 0, 1, 2, 1, 0, 2])
    ours = GeneralizedReweightingLoss(class_counts=FEW)
    theirs = torch.nn.CrossEntropyLoss(inverse_frequency_weights(FEW))
    expected = theirs(scores, labels)
    torch.testing.assert_close(ours(scores, labels), expected)
    # Heads of mmpretrain give the batch size.
    torch.testing.assert_close(ours(scores, labels, avg_factor=7.), expected)


def test_losses_that_are_not_reduced_have_the_weights_as_they_are():
    scores = torch.zeros(3, 3, dtype=torch.double)
    ours = GeneralizedReweightingLoss(class_counts=FEW, reduction='none')
    found = ours(scores, torch.arange(3)) / torch.log(torch.tensor(3.))
    torch.testing.assert_close(
        found, inverse_frequency_weights(FEW), check_dtype=False)


def balanced(*args, **kwargs):
    loss = ClassBalancedLoss(*args, **kwargs).double()
    loss.set_class_counts(COUNTS)
    return loss


@pytest.mark.parametrize('carrier', CARRIERS)
@pytest.mark.parametrize('beta, gamma', [(0.9999, 1.), (0.999, 0.5), (0., 2.)])
def test_class_balanced_loss_is_that_of_the_loop(carrier, beta, gamma):
    scores, labels = batch()
    expected = loops.class_balanced(scores.tolist(), labels.tolist(), COUNTS,
                                    carrier, beta, gamma)
    loss = balanced(carrier, beta, gamma)(scores, labels)
    assert loss.item() == pytest.approx(expected, rel=1e-11)


def test_beta_of_zero_is_the_plain_carrier():
    scores, labels = batch()
    one_hot = F.one_hot(labels, 4).double()
    expected = {
        'softmax':
        F.cross_entropy(scores, labels),
        'sigmoid':
        F.binary_cross_entropy_with_logits(scores, one_hot, reduction='sum') /
        6,
        'focal':
        sigmoid_focal(scores, labels, 1.).mean(),
    }
    for carrier in CARRIERS:
        torch.testing.assert_close(
            balanced(carrier, beta=0.)(scores, labels), expected[carrier])


def test_focal_with_gamma_of_zero_is_sigmoid():
    scores, labels = batch()
    torch.testing.assert_close(
        balanced('focal', gamma=0.)(scores, labels),
        balanced('sigmoid')(scores, labels))


def test_rare_label_weighs_more():
    scores = torch.zeros(2, 4, dtype=torch.float64)
    head, tail = balanced('softmax')(
        scores, torch.tensor([0, 2]), reduction_override='none')
    weights = loops.effective_weights(COUNTS, 0.9999)
    assert (tail / head).item() == pytest.approx(weights[2] / weights[0])


@pytest.mark.parametrize('z', [-1e4, -30., 0., 30., 1e4])
def test_sigmoids_do_not_overflow(z):
    scores = torch.full((1, 2), z, requires_grad=True)
    loss = sigmoid_focal(scores, torch.tensor([0]), 1.)
    loss.sum().backward()
    # The label or the other class is wrong by |z|, with factor 1.
    assert loss.item() == pytest.approx(abs(z), rel=1e-6) or z == 0
    assert scores.grad.isfinite().all()


def test_unknown_carrier_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="carrier.*did you mean 'softmax'?"):
        ClassBalancedLoss('soft-max')


@pytest.mark.parametrize('beta', [1., -0.5])
def test_beta_out_of_range_is_refused_when_built(beta):
    with pytest.raises(ValueError, match='expected beta'):
        ClassBalancedLoss(beta=beta)


@pytest.mark.parametrize('gamma', [0., 0.5, 1., 2., 3.])
@pytest.mark.parametrize('detach_pt', [False, True])
def test_focal_loss_is_that_of_the_loop(gamma, detach_pt):
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
