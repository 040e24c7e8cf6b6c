# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import WeightedCrossEntropyLoss
from tests.models.losses.every_loss import batch
from tests.reference.long_tailed_losses import cross_entropy, weighted_mean

WEIGHTS = torch.tensor([0.1, 0.7, 2.2, 1.0], dtype=torch.float64)


def test_without_weights_it_is_cross_entropy():
    scores, labels = batch()
    torch.testing.assert_close(WeightedCrossEntropyLoss()(scores, labels),
                               F.cross_entropy(scores, labels))


@pytest.mark.parametrize('reduction', ['mean', 'sum', 'none'])
def test_with_weights_it_is_the_weighted_cross_entropy_of_torch(reduction):
    scores, labels = batch()
    loss = WeightedCrossEntropyLoss(reduction)
    loss.set_weights(WEIGHTS)
    torch.testing.assert_close(
        loss(scores, labels),
        F.cross_entropy(scores, labels, WEIGHTS, reduction=reduction))


def test_a_head_that_divides_by_the_batch_size_gets_the_weighted_mean():
    scores, labels = batch()
    loss = WeightedCrossEntropyLoss()
    loss.set_weights(WEIGHTS)
    losses = [cross_entropy(row, y) for row, y in zip(scores.tolist(), labels)]
    expected = weighted_mean(losses, labels.tolist(), WEIGHTS.tolist())
    assert loss(
        scores, labels, avg_factor=6).item() == pytest.approx(
            expected, rel=1e-12)


def test_scale_of_the_weights_does_not_matter_in_a_mean():
    scores, labels = batch()
    loss = WeightedCrossEntropyLoss()
    loss.set_weights(WEIGHTS)
    once = loss(scores, labels)
    loss.set_weights(5 * WEIGHTS)
    torch.testing.assert_close(loss(scores, labels), once)
