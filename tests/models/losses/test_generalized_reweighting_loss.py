# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.losses import (GeneralizedReweightingLoss,
                                  inverse_frequency_weights)

COUNTS = [100, 10, 1]


def test_weights_are_powers_of_the_counts_with_mean_one():
    weights = inverse_frequency_weights(COUNTS, rho=1.5)
    assert weights.mean().item() == pytest.approx(1)
    assert (weights[2] / weights[0]).item() == pytest.approx(1000)
    assert (weights[1] / weights[0]).item() == pytest.approx(10**1.5)


def test_power_zero_weighs_all_classes_alike():
    assert inverse_frequency_weights(COUNTS, rho=0.).tolist() == [1, 1, 1]


def test_mean_is_the_weighted_mean_of_torch():
    torch.manual_seed(0)
    scores = torch.randn(7, 3, dtype=torch.double)
    labels = torch.tensor([0, 0, 1, 2, 1, 0, 2])
    ours = GeneralizedReweightingLoss(class_counts=COUNTS)
    theirs = torch.nn.CrossEntropyLoss(inverse_frequency_weights(COUNTS))
    expected = theirs(scores, labels)
    torch.testing.assert_close(ours(scores, labels), expected)
    # Heads of mmpretrain give the batch size.
    torch.testing.assert_close(ours(scores, labels, avg_factor=7.), expected)


def test_losses_that_are_not_reduced_have_the_weights_as_they_are():
    scores = torch.zeros(3, 3, dtype=torch.double)
    ours = GeneralizedReweightingLoss(class_counts=COUNTS, reduction='none')
    found = ours(scores, torch.arange(3)) / torch.log(torch.tensor(3.))
    torch.testing.assert_close(
        found, inverse_frequency_weights(COUNTS), check_dtype=False)
