# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.regularization import curvature_loss
from mmcurv.regularization.loss import MAX_MODES
from tests.reference.regularization_loop import curvature_loss_loop, slope_loop
from tests.regularization.every_case import every_case

SPANS = [(-30, 30), (-30, -29), (29, 30), (-1, 1), (-3, 2)]
PRECISION = {torch.float32: 1e-5, torch.float64: 1e-12}


def log_curvatures(classes, span, dtype, seed=0):
    """log G of G between 10^span[0] and 10^span[1], both ends included."""
    generator = torch.Generator().manual_seed(seed)
    exponent = torch.rand(classes, generator=generator, dtype=torch.float64)
    exponent = span[0] + (span[1] - span[0]) * exponent
    exponent[:2] = torch.tensor(span, dtype=torch.float64)[:classes]
    return (exponent * math.log(10)).to(dtype)


def with_gradient(log_g, *options):
    log_g = log_g.clone().requires_grad_()
    loss = curvature_loss(log_g, *options)
    loss.backward()
    return loss.item(), log_g.grad


@every_case(
    detach_max=[True, False],
    max_mode=MAX_MODES,
    dtype=PRECISION,
    span=SPANS,
    classes=[1, 2, 10, 100])
def test_loss_from_1e_minus_30_to_1e30_equals_slow_loop(
        classes, span, dtype, max_mode, detach_max):
    log_g = log_curvatures(classes, span, dtype)
    loss, gradient = with_gradient(log_g, max_mode, detach_max)
    expected = float(curvature_loss_loop(log_g.tolist(), max_mode))
    assert loss == pytest.approx(
        expected, rel=PRECISION[dtype], abs=classes * PRECISION[dtype])
    assert loss >= 0
    assert gradient.isfinite().all()
    if detach_max:
        assert (gradient == 1).all()


@every_case(max_mode=MAX_MODES, span=SPANS)
def test_gradient_through_the_max_equals_slow_loop(span, max_mode):
    log_g = log_curvatures(6, span, torch.float64)
    _, gradient = with_gradient(log_g, max_mode, False)
    for c, value in enumerate(gradient.tolist()):
        expected = slope_loop(log_g.tolist(), c, max_mode)
        assert value == pytest.approx(expected, abs=1e-9)


@every_case(max_mode=MAX_MODES, dtype=PRECISION)
def test_loss_is_never_negative_not_even_by_rounding(dtype, max_mode):
    for seed in range(50):
        for span in [(-1e-6, 1e-6), (-0.1, 0.1), (-20, -19.99), (10, 30)]:
            log_g = log_curvatures(8, span, dtype, seed)
            assert curvature_loss(log_g, max_mode) >= 0


def test_hard_loss_does_not_depend_on_the_unit_of_the_features():
    log_g = log_curvatures(10, (-3, 3), torch.float64)
    for exponent in (-20, -3, 4, 20):  # features times 10^exponent, m = 2
        shifted = log_g - 2 * exponent * math.log(10)
        assert curvature_loss(shifted).item() == pytest.approx(
            curvature_loss(log_g).item())


def test_printed_smooth_loss_depends_on_the_unit_of_the_features():
    log_g = log_curvatures(10, (0, 1), torch.float64)
    hard = curvature_loss(log_g)
    smooth = [
        curvature_loss(log_g - 2 * math.log(scale), 'logsumexp')
        for scale in (100, 2, 1, 0.5, 0.01)
    ]
    for larger_features, smaller_features in zip(smooth, smooth[1:]):
        assert larger_features + 0.1 < smaller_features
    # With tiny G only the largest 1 / G counts: the hard max.
    torch.testing.assert_close(smooth[0], hard)


@every_case(
    detach_max=[True, False],
    max_mode=MAX_MODES,
    left_out=[math.nan, -math.inf, math.inf])
def test_classes_without_a_finite_curvature_do_not_exist_for_the_loss(
        left_out, max_mode, detach_max):
    log_g = log_curvatures(5, (-1, 1), torch.float64)
    more = torch.full((8, ), left_out, dtype=torch.float64)
    place = torch.tensor([0, 2, 3, 5, 7])
    more[place] = log_g
    loss, gradient = with_gradient(log_g, max_mode, detach_max)
    with_holes, with_holes_gradient = with_gradient(more, max_mode, detach_max)
    assert with_holes == pytest.approx(loss, rel=1e-14)
    torch.testing.assert_close(with_holes_gradient[place], gradient)
    rest = torch.ones(8, dtype=torch.bool)
    rest[place] = False
    assert (with_holes_gradient[rest] == 0).all()


@every_case(detach_max=[True, False], max_mode=MAX_MODES, classes=[1, 4])
def test_loss_without_any_class_is_zero_with_zero_gradient(
        classes, max_mode, detach_max):
    for value in (math.nan, -math.inf):
        log_g = torch.full((classes, ), value)
        loss, gradient = with_gradient(log_g, max_mode, detach_max)
        assert loss == 0 and (gradient == 0).all()


@every_case(max_mode=MAX_MODES)
def test_a_single_class_has_no_penalty(max_mode):
    for value in (-50., 0., 3., 50.):
        assert curvature_loss(torch.tensor([value]), max_mode) == 0


@every_case(max_mode=MAX_MODES)
def test_order_of_classes_does_not_matter(max_mode):
    log_g = log_curvatures(9, (-2, 2), torch.float64)
    torch.testing.assert_close(
        curvature_loss(log_g.flip(0), max_mode),
        curvature_loss(log_g, max_mode))


def test_unknown_max_mode_is_named():
    with pytest.raises(ValueError, match="'hard', 'logsumexp'.*'soft'"):
        curvature_loss(torch.zeros(3), 'soft')
