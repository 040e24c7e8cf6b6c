# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.regularization import (CurvatureBalancing, CurvatureRegularization,
                                   balancing_loss, log_schedule)
from tests.reference.regularization_loop import (balancing_loss_loop,
                                                 excesses_loop, weight_loop)
from tests.regularization.every_case import every_case

LOG_G = torch.tensor([0.3, -1., 2., 0.9], dtype=torch.float64)
HOLES = torch.tensor([math.nan, -math.inf, math.inf], dtype=torch.float64)


def draws(number=20):
    generator = torch.Generator().manual_seed(0)
    for i in range(number):
        log_g = torch.randn(2 + i, generator=generator, dtype=torch.float64)
        yield 3 * log_g


def slope(log_g):
    log_g = log_g.clone().requires_grad_()
    balancing_loss(log_g).backward()
    return log_g.grad


def run(cr, log_g, loss, epoch=10):
    """Value and gradient of the term."""
    log_g = log_g.clone().requires_grad_()
    term = cr(log_g, torch.as_tensor(loss, dtype=log_g.dtype), epoch)
    term.backward()
    return term.item(), log_g.grad


def test_loss_and_slope_equal_slow_loop():
    for log_g in draws():
        log_g = torch.cat([HOLES, log_g])
        expected = balancing_loss_loop(log_g.tolist())
        assert balancing_loss(log_g).item() == pytest.approx(
            expected, rel=1e-12)
        excesses = excesses_loop(log_g.tolist())
        for c, pull in enumerate(slope(log_g).tolist()):
            assert pull == pytest.approx(excesses.get(c, 0.), abs=1e-12)


def test_gradient_of_the_classes_above_a_held_reference_is_exact():
    flattest = torch.tensor([-5.]).double()

    def loss(above):
        return balancing_loss(torch.cat([above, flattest, HOLES]))

    for log_g in draws(5):
        above = log_g.clamp_min(-4.).requires_grad_()
        assert torch.autograd.gradcheck(loss, above)


def test_first_principle_the_more_curved_a_class_the_more_it_is_pushed():
    for log_g in draws():
        pull = slope(log_g)
        assert torch.equal(pull.argsort(), log_g.argsort())
        assert pull[log_g.argmin()] == 0
        for c in log_g.argsort()[1:]:
            higher = log_g.clone()
            higher[c] += 0.5
            # Its part of the sum is half the square of its slope.
            assert slope(higher)[c] == pytest.approx(pull[c].item() + 0.5)
            assert balancing_loss(higher) > balancing_loss(log_g)


@every_case(value=[1e-30, 0.3, 1., 1e30], dtype=[torch.float32, torch.float64])
def test_second_principle_balanced_classes_have_neither_penalty_nor_slope(
        dtype, value):
    log_g = torch.full((100, ), math.log(value), dtype=dtype)
    assert balancing_loss(log_g).item() == 0
    assert (slope(log_g) == 0).all()


@every_case(rate=[1e-3, 0.1, 2.])
def test_third_principle_descent_lowers_the_sum_and_raises_no_class(rate):
    for log_g in draws():
        after = log_g - rate * slope(log_g)
        assert after.exp().sum() < log_g.exp().sum()
        assert (after <= log_g).all()


def test_descent_shrinks_every_distance_to_the_flattest_class_alike():
    for log_g in draws():
        after = log_g - 0.1 * slope(log_g)
        low = log_g.min()
        torch.testing.assert_close(after - low, 0.9 * (log_g - low))


def test_common_factor_of_all_curvatures_changes_nothing():
    for log_g in draws(5):
        moved = log_g + math.log(1e20)
        torch.testing.assert_close(slope(moved), slope(log_g))
        torch.testing.assert_close(
            balancing_loss(moved), balancing_loss(log_g))


@every_case(
    tau=[2, 100, 120], epoch=[1, 6, 100, 200], loss=[1.5, 1e-6, -0.7, 0.])
def test_value_is_the_scheduled_share_of_the_absolute_loss(loss, epoch, tau):
    cr = CurvatureBalancing(tau)
    term, _ = run(cr, LOG_G, loss, epoch)
    expected = log_schedule(epoch, tau) * abs(loss)
    assert term == pytest.approx(expected, rel=1e-12, abs=0)
    assert cr.num_skipped == 0


def test_gradient_is_the_weight_times_the_excess_guards_included():
    cr = CurvatureBalancing(120, eps=1e-3, max_weight=2.)
    for log_g in draws():
        for shrink, loss, epoch in [(1., 4., 100), (0.03, -1., 10)]:
            log_g = shrink * log_g
            total = balancing_loss_loop(log_g.tolist())
            weight = weight_loop(total, loss, epoch, 120, 1e-3, 2.)
            term, pull = run(cr, log_g, loss, epoch)
            assert term == pytest.approx(weight * total)
            torch.testing.assert_close(pull, weight * slope(log_g))


def test_balanced_classes_are_not_pushed_however_large_the_weight():
    term, pull = run(CurvatureBalancing(tau=100), torch.zeros(5).double(), 5.)
    assert term == 0 and (pull == 0).all()
    # Unlike the paper's loss, which then pushes with its bound.
    _, pull = run(
        CurvatureRegularization(tau=100),
        torch.zeros(5).double(), 5.)
    assert (pull == 10).all()


def test_classes_without_curvature_are_left_out_and_no_reason_to_skip():
    cr = CurvatureBalancing(tau=100)
    term, pull = run(cr, torch.cat([HOLES, LOG_G]), 1.5)
    expected, own = run(cr, LOG_G, 1.5)
    assert term == pytest.approx(expected) and term == pytest.approx(0.75)
    torch.testing.assert_close(pull[3:], own)
    assert (pull[:3] == 0).all()
    assert cr.num_skipped == 0


@pytest.mark.parametrize('log_g, loss', [
    (LOG_G, math.nan),
    (LOG_G, -math.inf),
    (HOLES, 1.5),
    (torch.zeros(4), math.inf),
])
def test_term_without_a_loss_or_a_class_is_skipped_and_counted(log_g, loss):
    cr = CurvatureBalancing(tau=100)
    for times in (1, 2):
        term, pull = run(cr, log_g, loss)
        assert term == 0 and (pull == 0).all()
        assert cr.num_skipped == times


@every_case(loss=[1e-38, 1e-30, 1., 1e30, 3e38])
def test_term_is_finite_for_any_curvature_and_loss_of_float32(loss):
    cr = CurvatureBalancing(tau=100)
    for exponents in [(-30, 30), (-30, -30), (30, 30), (0, 0), (-1, 1)]:
        log_g = torch.tensor(exponents) * math.log(10)
        term, pull = run(cr, log_g.float(), loss, 200)
        assert 0 <= term < math.inf
        assert pull.isfinite().all()
    assert cr.num_skipped == 0


def test_no_gradient_flows_into_the_loss():
    loss = torch.tensor(1.5, requires_grad=True)
    log_g = LOG_G.clone().requires_grad_()
    CurvatureBalancing(tau=100)(log_g, loss, 10).backward()
    assert loss.grad is None and log_g.grad is not None


def test_state_is_that_of_curvature_regularization():
    cr = CurvatureBalancing(tau=100)
    run(cr, LOG_G, math.nan)
    assert list(cr.state_dict()) == ['num_skipped']
    other = CurvatureRegularization(tau=100)
    other.load_state_dict(cr.state_dict())
    assert other.num_skipped == 1
    assert not list(cr.parameters())


@pytest.mark.parametrize('options, message', [
    (dict(tau=1), 'greater than 1, got 1'),
    (dict(tau=math.nan), 'greater than 1, got nan'),
    (dict(eps=math.nan), 'finite, got eps=nan'),
    (dict(max_weight=math.nan), 'max_weight=nan'),
    (dict(eps=0), 'finite, got eps=0, max_weight=10.0'),
    (dict(max_weight=-1), 'finite, got eps=1e-08, max_weight=-1'),
])
def test_wrong_options_fail_when_built(options, message):
    with pytest.raises(ValueError, match=message):
        CurvatureBalancing(**options)
