# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.models.heads.causal_norm_linear import (CausalNormLinear,
                                                    causal_norm_logits)
from tests.reference.causal_norm_loop import causal_norm_loop

OPTIONS = dict(num_heads=2, tau=16., gamma=1 / 32)


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def layer(**options):
    torch.manual_seed(0)
    return CausalNormLinear(6, 3, **options)


@pytest.mark.parametrize('alpha', [0., 1., 1.5])
@pytest.mark.parametrize('num_heads', [1, 2, 3])
def test_logits_are_those_of_the_slow_loop(alpha, num_heads):
    x, w, d = drawn(4, 6), drawn(5, 6, seed=1), drawn(6, seed=2)
    options = dict(alpha=alpha, num_heads=num_heads, tau=16., gamma=1 / 32)
    expected = causal_norm_loop(x.tolist(), w.tolist(), d.tolist(), **options)
    torch.testing.assert_close(
        causal_norm_logits(x, w, d, **options),
        torch.tensor(expected, dtype=torch.float64))


def test_logit_of_a_right_triangle():
    x, w = torch.tensor([[3., 4.]]), torch.tensor([[0., 3.]])
    logit = causal_norm_logits(x, w, num_heads=1, tau=10., gamma=1.)
    assert logit.item() == pytest.approx(10 * 4 / 5 * 3 / 4)


def test_whole_removal_leaves_nothing_along_the_moving_feature():
    x, d = drawn(4, 6), drawn(6, seed=1)
    logits = causal_norm_logits(x, d[None], d, alpha=1., num_heads=1)
    assert logits.abs().max() < 1e-12


def test_only_directions_of_feature_and_moving_feature_enter():
    x, w, d = drawn(4, 6), drawn(5, 6, seed=1), drawn(6, seed=2)
    torch.testing.assert_close(
        causal_norm_logits(7 * x, w, 100 * d, 1.5, **OPTIONS),
        causal_norm_logits(x, w, d, 1.5, **OPTIONS))


def test_gradient_is_that_of_finite_differences():
    w, d = drawn(3, 6, seed=1).requires_grad_(), drawn(6, seed=2)
    x = drawn(2, 6).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, w: causal_norm_logits(x, w, d, 1.5), (x, w))


def test_alpha_acts_at_test_only():
    x = drawn(4, 6).float()
    with_it, without = layer(alpha=3.), layer(alpha=0.)
    trained = with_it(x), without(x)
    assert torch.equal(*trained)
    assert torch.equal(without.eval()(x), trained[1])
    assert not torch.allclose(with_it.eval()(x), trained[0])


def test_nothing_is_removed_before_the_first_step():
    x, tested = drawn(4, 6).float(), layer(alpha=3.).eval()
    assert not tested.moving_feature.any()
    assert torch.equal(tested(x), layer()(x))


def test_slice_of_zeros_counts_as_no_direction():
    x, trained = torch.zeros(2, 6), layer()
    x[0, :3] = 1
    logits = trained(x)
    assert logits[0].any() and not logits[1].any()
    assert torch.isfinite(trained.eval()(x)).all()


def test_moving_feature_adds_the_mean_to_its_share():
    trained, x = layer(mu=0.5), [drawn(4, 6, seed=s).float() for s in (1, 2)]
    trained(x[0]), trained(x[1])
    torch.testing.assert_close(trained.moving_feature,
                               0.5 * x[0].mean(0) + x[1].mean(0))


def test_moving_feature_takes_no_gradient_and_gives_none():
    x = drawn(4, 6).float().requires_grad_()
    trained = layer()
    trained(x)
    assert not trained.moving_feature.requires_grad
    assert [name for name, _ in trained.named_parameters()] == ['weight']


def test_moving_feature_rests_at_test_and_where_nothing_is_learnt():
    tested = layer()
    with torch.no_grad():
        tested(drawn(4, 6).float())
    tested.eval()(drawn(4, 6).float())
    assert not tested.moving_feature.any()


def test_moving_feature_is_saved_with_the_weights():
    trained, other = layer(), CausalNormLinear(6, 3)
    trained(drawn(4, 6).float())
    other.load_state_dict(trained.state_dict())
    assert other.moving_feature.any()
    assert torch.equal(other.moving_feature, trained.moving_feature)


def test_moving_feature_keeps_its_precision_under_autocast():
    trained = layer()
    with torch.autocast('cpu', torch.bfloat16):
        trained(drawn(4, 6).bfloat16())
    assert trained.moving_feature.dtype == torch.float32
    assert trained.moving_feature.any()


def test_weights_start_uniform_within_one_over_the_root_of_the_width():
    weight = CausalNormLinear(128, 100).weight
    bound = 1 / math.sqrt(128)
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=.02)


@pytest.mark.parametrize('num_heads', [0, 4])
def test_heads_that_do_not_divide_the_feature_are_refused(num_heads):
    words = f'num_heads={num_heads} and 6 features'
    with pytest.raises(ValueError, match=words):
        layer(num_heads=num_heads)
