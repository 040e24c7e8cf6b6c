# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.models.losses import (ExpertAssignmentLoss, needs_another_expert,
                                  prefix_means)
from tests.reference import ride_loop


def test_prefix_means_are_those_of_the_first_experts():
    logits = torch.tensor([[[3., 0.]], [[1., 2.]], [[2., 1.]]])
    expected = torch.tensor([[[3., 0.]], [[2., 1.]], [[2., 1.]]])
    assert torch.equal(prefix_means(logits), expected)


@pytest.mark.parametrize('number', [2, 3, 4, 6])
def test_target_is_that_of_the_loop(number):
    generator = torch.Generator().manual_seed(number)
    logits = torch.randn(number, 200, 4, generator=generator)
    labels = torch.randint(4, (200, ), generator=generator)
    needed = needs_another_expert(prefix_means(logits), labels)
    expected = ride_loop.needs_another(logits.tolist(), labels.tolist())
    assert needed.tolist() == expected
    assert 0 < needed.sum() < needed.numel()


def test_last_chance_is_seen_through_a_wrong_prefix_between():
    means = torch.tensor([[[0., 1.]], [[0., 1.]], [[1., 0.]]])
    labels = torch.tensor([0])
    assert needs_another_expert(means, labels).tolist() == [[True], [True]]
    assert not needs_another_expert(means, 1 - labels).any()


def test_value_is_a_mean_of_weighted_entropies():
    means = torch.tensor([[[0., 1.], [1., 0.]], [[1., 0.], [1., 0.]]])
    gates = torch.tensor([[0.7, -0.4]])
    loss = ExpertAssignmentLoss(pos_weight=100.)
    value = loss(gates, means, torch.tensor([0, 0]))  # needed: yes, no
    positive = 100 * math.log(1 + math.exp(-0.7))
    negative = math.log(1 + math.exp(-0.4))
    assert value.item() == pytest.approx((positive + negative) / 2)


def test_label_without_a_column_is_refused():
    with pytest.raises(ValueError, match='expected labels from 0 to 1'):
        ExpertAssignmentLoss()(torch.zeros(1, 1), torch.zeros(2, 1, 2),
                               torch.tensor([2]))


def test_weight_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match='expected pos_weight above 0'):
        ExpertAssignmentLoss(pos_weight=0.)
