# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import GCLLoss, gcl_logits, gcl_spread
from tests.models.losses.every_loss import (CIFAR10_IF100, COUNTS, batch, make,
                                            mean)
from tests.reference.long_tailed_losses import gcl


def drawn(scores, clamp=1.):
    """The noise of a loss that is called after the same seed."""
    torch.manual_seed(0)
    noise = torch.randn_like(scores) / 3
    torch.manual_seed(0)
    return noise.clamp(-clamp, clamp)


def test_spread_of_cifar10_lt_is_the_published_one():
    assert gcl_spread(CIFAR10_IF100).tolist() == pytest.approx(
        [0, 0.1111, 0.2223, 0.3334, 0.4447, 0.5556, 0.6667, 0.7780, 0.8899, 1],
        abs=5e-5)


@pytest.mark.parametrize('options', [
    dict(kappa=0.5, margin=0., scale=30., gamma=0.),
    dict(kappa=0.5, margin=0.1, scale=20., gamma=1.),
])
def test_value_of_both_stages_is_that_of_the_loop(options):
    scores, labels = batch()
    noise = drawn(scores)
    loss = make('gcl', torch.float64, **options)(scores, labels)
    expected = mean(
        gcl(scores.tolist(), labels.tolist(), COUNTS, noise.tolist(),
            **options))
    assert loss.item() == pytest.approx(expected, rel=1e-11)


def test_noise_is_clamped():
    scores, labels = batch()
    noise = drawn(scores, clamp=0.1)
    assert (noise.abs() == 0.1).any() and (noise.abs() < 0.1).any()
    loss = make('gcl', torch.float64, noise_clamp=0.1)(scores, labels)
    expected = gcl(scores.tolist(), labels.tolist(), COUNTS, noise.tolist(),
                   0.5, 0., 30., 0.)
    assert loss.item() == pytest.approx(mean(expected), rel=1e-11)


def test_noise_is_drawn_anew_at_each_call():
    scores, labels = batch()
    loss = make('gcl')
    assert loss(scores, labels) != loss(scores, labels)


def test_clouds_lower_rare_classes_most_and_the_largest_not_at_all():
    spread = gcl_spread(COUNTS)
    noise = torch.tensor([[0.5, -0.5, 0.5, -0.5]], dtype=torch.float64)
    logits = gcl_logits(torch.zeros(1, 4), noise, spread, kappa=0.5, scale=30.)
    torch.testing.assert_close(logits[0], -7.5 * spread)
    assert logits[0, 0] == 0 and logits.argmin() == 2


def test_kappa_of_zero_is_cross_entropy_of_scaled_cosines():
    scores, labels = batch()
    loss = make('gcl', torch.float64, kappa=0.)
    torch.testing.assert_close(
        loss(scores, labels), F.cross_entropy(30 * scores, labels))


def test_focal_factor_of_the_second_stage_is_a_constant_in_the_gradient():
    scores, labels = batch()
    scores.requires_grad_()
    loss = make('gcl', torch.float64, kappa=0., gamma=1., scale=2.)
    loss(scores, labels).backward()
    p = (2 * scores.detach()).softmax(1)
    rest = 1 - p.gather(1, labels[:, None])
    expected = 2 * rest * (p - F.one_hot(labels, 4)) / 6
    torch.testing.assert_close(scores.grad, expected)


def test_balanced_counts_are_refused():
    with pytest.raises(ValueError, match='different sizes, got 50 .*every'):
        GCLLoss().set_class_counts([50, 50, 50])


def test_margin_makes_soft_labels_unfit():
    scores, _ = batch()
    soft = torch.full((6, 4), 0.25)
    make('gcl')(scores, soft)
    for options in (dict(margin=0.1), dict(gamma=1.)):
        with pytest.raises(ValueError, match='GCL with a margin or gamma'):
            make('gcl', **options)(scores, soft)


def test_scores_of_a_linear_layer_are_refused():
    scores, labels = batch()
    with pytest.raises(ValueError, match='GCLLoss expected cosines'):
        make('gcl')(9 * scores, labels)


@pytest.mark.parametrize('option',
                         ['kappa', 'margin', 'scale', 'noise_clamp', 'gamma'])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ValueError, match=f'expected {option}.*got -1'):
        GCLLoss(**{option: -1.})
