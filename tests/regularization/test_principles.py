# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The three principles of the paper's Section 6.1, and where they fail."""
import math

import pytest
import torch

from mmcurv.regularization import curvature_loss
from mmcurv.regularization.loss import MAX_MODES
from tests.reference.regularization_loop import penalties_loop


def draws(number=20):
    generator = torch.Generator().manual_seed(0)
    for i in range(number):
        log_g = torch.randn(2 + i, generator=generator, dtype=torch.float64)
        yield 3 * log_g


def penalties(log_g, max_mode='hard'):
    """Each class's part of the sum, taken from the sum alone."""
    log_max = (curvature_loss(log_g, max_mode) - log_g.sum()) / len(log_g)
    return log_g + log_max


def slope(log_g, **options):
    log_g = log_g.clone().requires_grad_()
    curvature_loss(log_g, **options).backward()
    return log_g.grad


@pytest.mark.parametrize('max_mode', MAX_MODES)
def test_first_principle_the_greater_the_curvature_the_greater_the_penalty(
        max_mode):
    for log_g in draws():
        own = penalties(log_g, max_mode)
        assert torch.equal(own.argsort(), log_g.argsort())
        expected = penalties_loop(log_g.tolist(), max_mode)
        for c, penalty in expected.items():
            assert own[c].item() == pytest.approx(float(penalty), abs=1e-12)
        for c in log_g.argsort()[1:]:  # the flattest may stay the flattest
            higher = log_g.clone()
            higher[c] += 0.5
            assert penalties(higher, max_mode)[c] > own[c] + 0.1


def test_raising_a_class_that_is_not_the_flattest_raises_only_its_penalty():
    for log_g in draws():
        higher = log_g.clone()
        higher[log_g.argmax()] += 2
        change = penalties(higher) - penalties(log_g)
        expected = torch.zeros_like(log_g)
        expected[log_g.argmax()] = 2
        torch.testing.assert_close(change, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize('detach_max', [True, False])
@pytest.mark.parametrize('value', [1e-30, 0.3, 1., 1e30])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_second_principle_balanced_classes_have_no_penalty(
        dtype, value, detach_max):
    log_g = torch.full((100, ), math.log(value), dtype=dtype)
    assert curvature_loss(log_g, 'hard', detach_max).item() == 0


@pytest.mark.parametrize('value', [1e-3, 1., 1e3])
def test_printed_smooth_max_penalises_balanced_classes_equally_not_zero(value):
    log_g = torch.full((10, ), math.log(value), dtype=torch.float64)
    # log(C exp(1 / G)) = log C + 1 / G, so that the max is 1 + G log C
    # times too large.
    expected = 10 * math.log1p(value * math.log(10))
    assert curvature_loss(log_g, 'logsumexp').item() == pytest.approx(expected)


@pytest.mark.parametrize('rate', [1e-3, 0.1, 2.])
@pytest.mark.parametrize('max_mode', MAX_MODES)
def test_third_principle_descent_lowers_the_sum_and_raises_no_class(
        max_mode, rate):
    for log_g in draws():
        step = rate * slope(log_g, max_mode=max_mode, detach_max=True)
        after = log_g - step
        assert after.exp().sum() < log_g.exp().sum()
        assert (after <= log_g).all()


def test_gradient_through_the_max_raises_the_flattest_class():
    for log_g in draws():
        classes, flattest = len(log_g), log_g.argmin()
        gradient = slope(log_g, detach_max=False)
        expected = torch.ones_like(log_g)
        expected[flattest] = -(classes - 1)
        assert torch.equal(gradient, expected)
        after = log_g - 0.01 * gradient
        assert after[flattest] > log_g[flattest]
        # The geometric mean of the curvatures stays where it is.
        torch.testing.assert_close(after.mean(), log_g.mean())


def test_gradient_through_the_max_can_raise_the_sum_of_curvatures():
    log_g = torch.tensor([0., 0.1, 0.1], dtype=torch.float64)
    after = log_g - 0.1 * slope(log_g, detach_max=False)
    assert after.exp().sum() > log_g.exp().sum()
    after = log_g - 0.1 * slope(log_g, detach_max=True)
    assert after.exp().sum() < log_g.exp().sum()
