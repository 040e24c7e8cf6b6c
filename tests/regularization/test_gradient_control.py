# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A pull of a given size, and what damps it."""
import doctest
import math

import pytest
import torch

from mmcurv.regularization import GradientControl, gradient_control
from tests.reference.gradient_control_loop import damping_loop, pull_loop


def rows(seed, n=9, p=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, p, generator=generator, dtype=torch.float64)


def pull(loss_gradient, gradient, control=None, like=None, **options):
    features = torch.ones_like(gradient if like is None else like)
    features.requires_grad_()
    control = control or GradientControl(**options)
    term = control(features, loss_gradient, gradient)
    assert term == 0
    term.backward()
    return features.grad


@pytest.mark.parametrize('alpha', [0.1, 1., 7.])
def test_pull_equals_slow_loop(alpha):
    gradient = rows(1)
    gradient[2] *= 40  # cut
    gradient[[4, 5]] = 0  # enter no median
    expected = pull_loop(rows(0).tolist(), gradient.tolist(), alpha)
    actual = pull(rows(0), gradient, alpha=alpha)
    torch.testing.assert_close(actual, torch.tensor(expected).double())


def test_pull_is_alpha_times_as_large_as_the_gradient_of_the_loss():
    ratio = pull(rows(0), rows(1), alpha=0.3).norm() / rows(0).norm()
    assert ratio.item() == pytest.approx(0.3)


def test_no_row_pulls_more_than_three_times_the_median():
    gradient = rows(1)
    gradient[0] *= 1e6
    norms = pull(rows(0), gradient).norm(dim=1)
    assert norms[0] / norms.median() == pytest.approx(3)


@pytest.mark.parametrize('factor', [1e-30, 1e30])
def test_scale_of_the_regularizer_changes_nothing(factor):
    torch.testing.assert_close(
        pull(rows(0),
             rows(1) * factor), pull(rows(0), rows(1)))


@pytest.mark.parametrize('factor', [1e-3, 65536.])
def test_pull_grows_with_the_loss(factor):
    """Also with one that mixed precision has scaled."""
    torch.testing.assert_close(
        pull(rows(0) * factor, rows(1)), factor * pull(rows(0), rows(1)))


def test_scale_of_the_loss_reaches_half_precision_features():
    features = torch.ones(9, 4, dtype=torch.float16, requires_grad=True)
    term = GradientControl()(features, rows(0) * 1e-7, rows(1))
    (term * 1e7).backward()
    assert features.grad.dtype == torch.float16
    torch.testing.assert_close(
        features.grad.double(), pull(rows(0), rows(1)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('value', [math.nan, math.inf, 3e38])
def test_pull_is_finite_for_any_gradient(value):
    """A row without a number is 0; without the loss's nothing pulls."""
    broken = rows(1).float()
    broken[3] = value
    control = GradientControl()
    found = pull(rows(0).float(), broken, control)
    assert found.isfinite().all() and found[[0, 1]].abs().min() > 0
    assert control.num_skipped == 0
    lost = pull(broken, rows(0).float(), control)
    assert lost.isfinite().all()
    assert int(control.num_skipped) == (not math.isfinite(value))


@pytest.mark.parametrize('gradient', [torch.zeros(5, 3), torch.zeros(0, 3)])
def test_nothing_pulls_without_a_gradient_and_it_is_counted(gradient):
    control = GradientControl()
    assert (pull(torch.ones_like(gradient), gradient, control) == 0).all()
    assert control.num_skipped == 1


def curve(kind):
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn(2000, generator=generator).double()
    step = torch.arange(2000).double()
    return dict(
        falls=2 * torch.exp(-step / 500),
        rises=1 + step / 500,
        noisy=0.05 + noise.abs(),
        returns=2 + torch.sin(step / 150),
        jumps=1 + 2. * (step > 600))[kind] + 0.1 * noise


@pytest.mark.parametrize('kind',
                         ['falls', 'rises', 'noisy', 'returns', 'jumps'])
def test_damping_equals_slow_loop(kind):
    losses, control, found = curve(kind), GradientControl(), []
    pulled = [number >= 150 for number in range(len(losses))]
    for loss, is_pulled in zip(losses, pulled):
        control.observe(loss, is_pulled)
        found.append(control.damping.item())
    assert found == pytest.approx(damping_loop(losses.tolist(), pulled))
    assert (min(found) < 0.1) == (kind not in ('falls', 'noisy'))
    assert (found[-1] > 0.5) == (kind in ('falls', 'noisy'))
    if kind == 'jumps':  # and stays, so that it is not the term's doing
        assert found[-1] > 20 * min(found)


def test_damping_scales_the_pull():
    control = GradientControl()
    whole = pull(rows(0), rows(1), control)
    for number in range(200):
        control.observe(torch.tensor(1. + (number >= 100)), True)
    assert control.damping == 0.25 and control.num_damped == 2
    torch.testing.assert_close(pull(rows(0), rows(1), control), whole / 4)


def test_a_loss_that_rises_without_the_term_damps_nothing():
    control = GradientControl()
    for loss in curve('rises'):
        control.observe(loss, False)
    assert control.damping == 1


def test_losses_that_are_not_finite_are_left_out():
    control = GradientControl()
    for number in range(100):
        control.observe(torch.tensor(math.nan), True)
    assert control.damping == 1 and math.isinf(control.best[0])


def test_a_loaded_guard_goes_on_bit_for_bit():
    losses = curve('returns')
    whole, resumed = GradientControl(), GradientControl()
    for number, loss in enumerate(losses):
        whole.observe(loss, True)
        if number == 777:
            resumed.load_state_dict(whole.state_dict())
        if number > 777:
            resumed.observe(loss, True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name])


@pytest.mark.parametrize('alpha', [0, -1., math.inf, math.nan, '0.1'])
def test_unusable_alpha_is_refused(alpha):
    with pytest.raises(ValueError, match='alpha must be'):
        GradientControl(alpha)


def test_example_of_the_docstring_is_true():
    assert doctest.testmod(gradient_control).failed == 0
