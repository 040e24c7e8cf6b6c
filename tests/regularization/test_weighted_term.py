# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import doctest
import itertools
import math

import pytest
import torch

from mmcurv.regularization import (CurvatureBalancing, CurvatureRegularization,
                                   curvature_loss, log_schedule)
from mmcurv.regularization import loss as loss_module
from mmcurv.regularization.loss import MAX_MODES
from tests.reference.regularization_loop import term_loop
from tests.regularization.every_case import every_case

LOG_G = torch.tensor([0.3, -1., 2., 0.9], dtype=torch.float64)


def run(cr, log_g, loss, epoch=10):
    """Value and gradient of the term."""
    log_g = log_g.clone().requires_grad_()
    term = cr(log_g, torch.as_tensor(loss, dtype=log_g.dtype), epoch)
    term.backward()
    return term.item(), log_g.grad


@every_case(
    tau=[2, 100, 120],
    epoch=[1, 6, 10, 100, 200],
    loss=[1.5, 1e-6, 0.02, -0.7, 0.],
    max_mode=MAX_MODES)
def test_value_is_the_scheduled_share_of_the_absolute_loss(
        max_mode, loss, epoch, tau):
    cr = CurvatureRegularization(tau, max_mode)
    term, _ = run(cr, LOG_G, loss, epoch)
    expected = log_schedule(epoch, tau) * abs(loss)
    assert term == pytest.approx(expected, rel=1e-12, abs=0)
    assert cr.num_skipped == 0


@every_case(detach_max=[True, False], max_mode=MAX_MODES)
def test_gradient_is_the_weight_times_that_of_the_curvature_loss(
        max_mode, detach_max):
    cr = CurvatureRegularization(100, max_mode, detach_max)
    _, gradient = run(cr, LOG_G, 1.5, 10)
    log_g = LOG_G.clone().requires_grad_()
    loss = curvature_loss(log_g, max_mode, detach_max)
    loss.backward()
    weight = 0.5 * 1.5 / loss.item()
    torch.testing.assert_close(gradient, weight * log_g.grad)


def test_negative_loss_pushes_as_its_absolute_value_does():
    cr = CurvatureRegularization(tau=100)
    assert run(cr, LOG_G, -0.7)[0] == run(cr, LOG_G, 0.7)[0] > 0
    assert torch.equal(run(cr, LOG_G, -0.7)[1], run(cr, LOG_G, 0.7)[1])


@pytest.mark.parametrize('loss, epoch', [(0., 10), (-0., 10), (1.5, 1)])
def test_zero_loss_and_first_epoch_give_neither_term_nor_gradient(loss, epoch):
    cr = CurvatureRegularization(tau=100)
    term, gradient = run(cr, LOG_G, loss, epoch)
    assert term == 0 and (gradient == 0).all()
    assert cr.num_skipped == 0


@every_case(
    loss=[math.nan, math.inf, -math.inf],
    epoch=[1, 10],
    log_g=[
        LOG_G,
        torch.cat([LOG_G, torch.tensor([math.nan, -math.inf])]),
        torch.zeros(4)
    ])
def test_term_of_a_loss_that_is_not_finite_is_skipped_and_counted(
        log_g, epoch, loss):
    cr = CurvatureRegularization(tau=100)
    for times in (1, 2):
        term, gradient = run(cr, log_g, loss, epoch)
        assert term == 0 and (gradient == 0).all()
        assert cr.num_skipped == times
    run(cr, log_g, 1.5, epoch)
    assert cr.num_skipped == 2


@every_case(
    detach_max=[True, False], max_mode=MAX_MODES, value=[math.nan, -math.inf])
def test_term_without_any_class_is_skipped_and_counted(value, max_mode,
                                                       detach_max):
    cr = CurvatureRegularization(100, max_mode, detach_max)
    term, gradient = run(cr, torch.full((3, ), value), 1.5)
    assert term == 0 and (gradient == 0).all()
    assert cr.num_skipped == 1


@every_case(max_mode=MAX_MODES)
def test_some_classes_without_curvature_are_no_reason_to_skip(max_mode):
    cr = CurvatureRegularization(100, max_mode)
    holes = torch.tensor([math.nan, -math.inf, math.inf], dtype=torch.float64)
    term, gradient = run(cr, torch.cat([LOG_G, holes]), 1.5)
    expected, own = run(cr, LOG_G, 1.5)
    assert term == pytest.approx(expected) and term == pytest.approx(0.75)
    torch.testing.assert_close(gradient[:4], own)
    assert (gradient[4:] == 0).all()
    assert cr.num_skipped == 0


@every_case(epoch=[2, 10, 100, 200], max_weight=[0.1, 10.])
def test_weight_never_exceeds_its_bound(max_weight, epoch):
    cr = CurvatureRegularization(tau=100, max_weight=max_weight)
    for spread in (0., 1e-9, 1e-6, 0.01, 1., 100.):
        log_g = torch.tensor([0., spread], dtype=torch.float64)
        term, gradient = run(cr, log_g, 5., epoch)
        expected = term_loop(log_g.tolist(), 5., epoch, max_weight=max_weight)
        assert term == pytest.approx(expected, rel=1e-12)
        assert (gradient <= max_weight).all()
    # Balanced classes: weight at its bound, and nothing to weigh.
    term, gradient = run(cr, torch.zeros(5).double(), 5., epoch)
    assert term == 0 and (gradient == max_weight).all()


def test_eps_bounds_the_weight_of_a_small_loss_over_balanced_classes():
    cr = CurvatureRegularization(tau=100, eps=0.1, max_weight=10.)
    term, gradient = run(cr, torch.tensor([0., 1e-3]).double(), 0.2, 100)
    assert gradient[0].item() == pytest.approx(0.2 / 0.1)
    assert term == pytest.approx(0.2 / 0.1 * 1e-3)


def test_term_equals_slow_loop_where_guards_act_and_where_not():
    generator = torch.Generator().manual_seed(0)
    for max_mode in MAX_MODES:
        cr = CurvatureRegularization(120, max_mode, eps=1e-3, max_weight=2.)
        for _ in range(50):
            log_g = torch.randn(6, generator=generator).double()
            log_g = log_g * torch.rand(1, generator=generator) * 3
            loss = torch.randn((), generator=generator).double() * 4
            epoch = int(torch.randint(1, 200, (), generator=generator))
            expected = term_loop(log_g.tolist(), loss.item(), epoch, 120,
                                 max_mode, 1e-3, 2.)
            assert run(cr, log_g, loss, epoch)[0] == pytest.approx(expected)


@every_case(loss=[1e-38, 1e-30, 1., 1e30, 3e38], max_mode=MAX_MODES)
def test_term_is_finite_for_any_curvature_and_loss_of_float32(max_mode, loss):
    cr = CurvatureRegularization(100, max_mode)
    for exponents in [(-30, 30), (-30, -30), (30, 30), (0, 0), (-1, 1)]:
        log_g = torch.tensor(exponents) * math.log(10)
        term, gradient = run(cr, log_g.float(), loss, 200)
        assert 0 <= term < math.inf
        assert gradient.isfinite().all()
    assert cr.num_skipped == 0


def test_no_gradient_flows_into_the_loss():
    loss = torch.tensor(1.5, requires_grad=True)
    log_g = LOG_G.clone().requires_grad_()
    CurvatureRegularization(tau=100)(log_g, loss, 10).backward()
    assert loss.grad is None and log_g.grad is not None


@every_case(loss_dtype=[torch.float16, torch.bfloat16, torch.float64])
def test_term_has_the_type_of_the_curvatures(loss_dtype):
    loss = torch.tensor(1.5, dtype=loss_dtype)
    term = CurvatureRegularization(tau=100)(LOG_G.float(), loss, 10)
    assert term.dtype == torch.float32
    assert term.item() == pytest.approx(0.75)


def test_count_of_skipped_terms_is_part_of_the_state():
    cr = CurvatureRegularization(tau=100)
    run(cr, LOG_G, math.nan)
    other = CurvatureRegularization(tau=100)
    other.load_state_dict(cr.state_dict())
    assert other.num_skipped == 1
    assert not list(cr.parameters())


@pytest.mark.parametrize('options, message', [
    (dict(tau=1), 'greater than 1, got 1'),
    (dict(tau=0.5), 'greater than 1, got 0.5'),
    (dict(max_mode='mean'), "'hard', 'logsumexp'.*'mean'"),
    (dict(eps=0), 'finite, got eps=0, max_weight=10.0'),
    (dict(tau=math.nan), 'greater than 1, got nan'),
    (dict(tau=math.inf), 'greater than 1, got inf'),
    (dict(detach_max=math.nan), 'True or False, got nan'),
    (dict(eps=math.nan), 'finite, got eps=nan, max_weight=10.0'),
    (dict(max_weight=math.nan), 'max_weight=nan'),
    (dict(max_weight=-1), 'finite, got eps=1e-08, max_weight=-1'),
    (dict(max_weight=math.inf), 'finite, got eps=1e-08, max_weight=inf'),
])
def test_wrong_options_fail_when_built(options, message):
    with pytest.raises(ValueError, match=message):
        CurvatureRegularization(**options)


def test_epoch_zero_is_refused():
    with pytest.raises(ValueError, match='counted from 1, got 0'):
        CurvatureRegularization(tau=100)(LOG_G, torch.tensor(1.), 0)


def test_examples_in_docstrings_are_true():
    result = doctest.testmod(loss_module)
    assert result.attempted > 6 and result.failed == 0


EXTREMES = [
    math.nan, math.inf, -math.inf, 0., 3e38, -3e38, 700., -700., -350., -88.,
    1e-45
]


@every_case(
    make=[
        lambda: CurvatureRegularization(2, eps=1e-30, max_weight=1e30),
        lambda: CurvatureRegularization(2, 'logsumexp'),
        lambda: CurvatureRegularization(2, 'hard', False, max_weight=1e30),
        lambda: CurvatureRegularization(2, 'logsumexp', False),
        lambda: CurvatureBalancing(2, max_weight=1e30),
    ],
    loss=[0., 1e-45, -1., 3e38, -math.inf, math.nan],
    dtype=[torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_value_and_gradient_are_finite_for_any_input(dtype, loss, make):
    for pair in itertools.product(EXTREMES, repeat=2):
        log_g = torch.tensor(pair).to(dtype).requires_grad_()
        term = make()(log_g, torch.tensor(loss), 9)
        term.backward()
        assert term.shape == () and term.isfinite(), pair
        assert log_g.grad.isfinite().all(), (pair, log_g.grad)


def test_no_class_at_all_adds_nothing():
    for cr in (CurvatureRegularization(2), CurvatureBalancing(2)):
        log_g = torch.zeros(0, requires_grad=True)
        term = cr(log_g, torch.tensor(1.), 9)
        term.backward()
        assert term == 0 and cr.num_skipped == 1


def test_term_that_would_overflow_is_skipped_and_counted():
    cr = CurvatureRegularization(2, max_weight=1e30)
    term, gradient = run(cr, torch.tensor([0., 3e38]), 3e38)
    assert term == 0 and (gradient == 0).all() and cr.num_skipped == 1


@pytest.mark.parametrize('tau, values', [
    (100, {
        6: 0.3891,
        10: 0.5,
        50: 0.8495,
        100: 1.0,
        150: 1.0880,
        200: 1.1505
    }),
    (120, {
        6: 0.3743,
        10: 0.4810,
        50: 0.8171,
        100: 0.9619,
        120: 1.0,
        200: 1.1067
    }),
])
def test_weights_are_those_of_the_papers_settings(tau, values):
    for epoch, value in values.items():
        assert log_schedule(epoch, tau) == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize('tau', [1.01, 2, 100, 1e6])
def test_schedule_starts_at_zero_is_one_at_tau_and_never_falls(tau):
    assert log_schedule(1, tau) == 0
    assert log_schedule(tau, tau) == 1
    values = [log_schedule(epoch, tau) for epoch in range(1, 201)]
    assert values == sorted(values)
    assert log_schedule(7, tau) == math.log(7, tau)


@pytest.mark.parametrize('tau', [1, 0.5, 0, -3, math.inf, math.nan])
def test_base_of_at_most_one_or_without_end_is_refused(tau):
    with pytest.raises(ValueError, match=f'greater than 1, got {tau}'):
        log_schedule(10, tau)


@pytest.mark.parametrize('epoch', [0, -1, math.nan, math.inf])
def test_epochs_are_counted_from_one(epoch):
    with pytest.raises(ValueError, match=f'from 1, got {epoch}'):
        log_schedule(epoch, 100)
