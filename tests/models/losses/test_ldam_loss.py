# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import (LDAMLoss, effective_number_weights,
                                  ldam_margins, minus_margin)
from tests.models.losses.every_loss import (CIFAR10_IF100, COUNTS, batch, make,
                                            mean)
from tests.reference import long_tailed_losses as loops


def test_margins_of_cifar10_lt_are_the_published_ones():
    assert ldam_margins(CIFAR10_IF100).tolist() == pytest.approx([
        0.1581, 0.1797, 0.2042, 0.2321, 0.2638, 0.2998, 0.3407, 0.3872, 0.4405,
        0.5
    ],
                                                                 abs=5e-5)


def test_value_is_that_of_the_loop():
    scores, labels = batch()
    losses = loops.ldam(scores.tolist(), labels.tolist(), COUNTS, 0.5, 30)
    loss = make('ldam', torch.float64)
    assert loss(scores, labels).item() == pytest.approx(
        mean(losses), rel=1e-12)


def test_deferred_weights_divide_by_their_sum():
    scores, labels = batch()
    weights = effective_number_weights(COUNTS)
    losses = loops.ldam(scores.tolist(), labels.tolist(), COUNTS, 0.5, 30)
    expected = loops.weighted_mean(losses, labels.tolist(), weights.tolist())
    loss = make('ldam', torch.float64)
    loss.set_weights(weights)
    for avg_factor in (None, 6):
        value = loss(scores, labels, avg_factor=avg_factor)
        assert value.item() == pytest.approx(expected, rel=1e-12)


def test_scale_of_the_weights_does_not_matter_in_a_mean():
    scores, labels = batch()
    weights = effective_number_weights(COUNTS)
    loss = make('ldam', torch.float64)
    loss.set_weights(weights)
    once = loss(scores, labels)
    loss.set_weights(5 * weights)
    torch.testing.assert_close(loss(scores, labels), once)


def test_margin_of_zero_is_cross_entropy_of_scaled_cosines():
    scores, labels = batch()
    loss = make('ldam', torch.float64, max_margin=0., scale=7.)
    torch.testing.assert_close(
        loss(scores, labels), F.cross_entropy(7 * scores, labels))


def test_only_the_score_of_the_label_is_lowered():
    scores = torch.zeros(2, 3)
    lowered = minus_margin(scores, torch.tensor([2, 0]),
                           torch.tensor([0.1, 0.2, 0.3]))
    expected = torch.tensor([[0, 0, -0.3], [-0.1, 0, 0]])
    assert torch.equal(lowered, expected)


def test_scores_of_a_linear_layer_are_refused():
    scores, labels = batch()
    with pytest.raises(ValueError, match='LDAMLoss expected cosines.*Normed'):
        make('ldam')(9 * scores, labels)


@pytest.mark.parametrize('option', ['max_margin', 'scale'])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ValueError, match=f'expected {option}.*got -1'):
        LDAMLoss(**{option: -1.})
