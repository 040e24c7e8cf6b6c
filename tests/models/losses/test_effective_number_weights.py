# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.losses import effective_number_weights
from tests.models.losses.every_loss import CIFAR10_IF100, COUNTS
from tests.reference.long_tailed_losses import effective_weights

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
