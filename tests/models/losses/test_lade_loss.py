# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import LADELoss, class_prior, lade_regularizer
from tests.models.losses.every_loss import COUNTS, batch, make
from tests.reference import long_tailed_losses as loops

PRIOR = class_prior(COUNTS)
UNIFORM = class_prior([50] * 4)


def test_prior_is_the_share_of_each_class():
    assert class_prior([3, 1]).tolist() == [0.75, 0.25]


@pytest.mark.parametrize('lam', [0., 0.01, 0.5])
def test_regularizer_is_that_of_the_loop_with_a_class_missing(lam):
    scores, labels = batch()
    expected = loops.lade_regularizer(scores.tolist(), labels.tolist(), COUNTS,
                                      lam)
    value = lade_regularizer(scores, labels, PRIOR, lam)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_value_is_balanced_softmax_plus_alpha_times_the_regularizer():
    scores, labels = batch()
    rows, ys = scores.tolist(), labels.tolist()
    expected = loops.balanced_softmax(rows, ys, COUNTS, 1.)
    expected += 0.3 * loops.lade_regularizer(rows, ys, COUNTS, 0.5)
    loss = make('lade', torch.float64, alpha=0.3, lam=0.5)
    assert loss(scores, labels).item() == pytest.approx(expected, rel=1e-12)


def test_alpha_of_zero_is_balanced_softmax():
    scores, labels = batch()
    balanced = make('balanced softmax', torch.float64)(scores, labels)
    lade = make('lade', torch.float64, alpha=0.)(scores, labels)
    torch.testing.assert_close(lade, balanced)


def test_uniform_prior_is_cross_entropy_and_a_mean_over_plain_bounds():
    """No importance weight is left: S_c is the log of the mean exponential,
    and all classes count alike."""
    scores, labels = batch()
    means = torch.stack([
        scores[labels == c, c].mean() if
        (labels == c).any() else scores.new([0.])[0] for c in range(4)
    ])
    bounds = scores.exp().mean(0).log()
    expected = -(means - bounds - 0.01 * bounds**2).mean()
    loss = LADELoss(alpha=0.1, lam=0.01).double()
    loss.set_class_counts([50] * 4)
    torch.testing.assert_close(
        loss(scores, labels),
        F.cross_entropy(scores, labels) + 0.1 * expected)


@pytest.mark.parametrize('z', [-3., 0., 2.])
def test_constant_scores_under_a_uniform_prior_cost_lam_times_their_square(z):
    scores = torch.full((8, 4), z, dtype=torch.float64)
    labels = torch.arange(8) % 4
    value = lade_regularizer(scores, labels, UNIFORM, lam=0.5)
    assert value.item() == pytest.approx(0.5 * z**2, abs=1e-12)


def test_scores_at_the_log_ratio_of_densities_reach_the_bound():
    """Of classes that do not overlap, the density of one is C times that of
    a balanced mixture wherever it is not 0."""
    labels = torch.arange(4).repeat_interleave(torch.tensor(COUNTS))
    scores = torch.full((len(labels), 4), -40., dtype=torch.float64)
    scores[torch.arange(len(labels)), labels] = math.log(4)
    bound = lade_regularizer(scores, labels, PRIOR, lam=0.)
    # S_c = log(pi_c 4 / (4 pi_c)) = 0, and the mean of each class is log 4.
    assert bound.item() == pytest.approx(-math.log(4), abs=1e-12)


def test_loss_may_be_negative():
    labels = torch.arange(4)
    scores = 20 * torch.eye(4, dtype=torch.float64)
    loss = make('lade', torch.float64, alpha=1., lam=0.)(scores, labels)
    assert loss.item() < -1


def test_class_missing_from_the_batch_acts_through_its_bound_alone():
    scores, labels = batch()
    scores.requires_grad_()
    lade_regularizer(scores, labels, PRIOR, 0.).backward()
    expected = PRIOR[2] * scores.detach()[:, 2].softmax(0)
    torch.testing.assert_close(scores.grad[:, 2], expected)


def test_single_losses_carry_the_regularizer_of_their_batch():
    scores, labels = batch()
    loss = make('lade', torch.float64)
    balanced = make('lade', torch.float64, alpha=0.)
    difference = loss(
        scores, labels, reduction_override='none') - balanced(
            scores, labels, reduction_override='none')
    regularizer = lade_regularizer(scores, labels, PRIOR, 0.01)
    torch.testing.assert_close(difference, 0.1 * regularizer.expand(6))


@pytest.mark.parametrize('option', ['alpha', 'lam'])
def test_negative_options_are_refused(option):
    with pytest.raises(ValueError, match=f'{option} of at least 0'):
        LADELoss(**{option: -1.})
