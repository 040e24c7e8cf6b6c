# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import torch

from mmcurv.geometry import class_curvature
from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature)
from tests.reference.pooled_curvature_loop import PooledLoop

COUNTS = (40, 25, 12, 3)
K, RIDGE = 9, 1e-4


def make_set(seed=0, p=6):
    labels = torch.arange(4).repeat_interleave(torch.tensor(COUNTS))
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(
        len(labels), p, generator=generator, dtype=torch.float64)
    return features, labels, torch.arange(len(labels))


def make_module(refresh='batch', live='pool', dtype=torch.float64, **pool):
    pool = FeaturePool(COUNTS, 6, dtype=dtype, **pool)
    module = PooledCurvature(
        pool, k=K, ridge=RIDGE, refresh=refresh, live=live)
    module.log_curvature = module.log_curvature.to(dtype)
    return module


def filled(**options):
    module = make_module(**options)
    features, labels, indices = make_set()
    module.push(features.to(module.pool.features), labels, indices)
    return module


def make_batch(seed, size=16):
    features, labels, indices = make_set()
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(labels), generator=generator)[:size]
    noise = torch.randn(size, 6, generator=generator, dtype=torch.float64)
    return features[rows] + 0.3 * noise, labels[rows], indices[rows]


def merged(*batches):
    features, labels, _ = make_set()
    for new, _, rows in batches:
        features[rows] = new
    return features, labels


@pytest.mark.parametrize('refresh', ['class', 'all'])
@pytest.mark.parametrize('live', ['pool', 'batch'])
def test_value_is_that_of_the_merged_features(refresh, live):
    module = filled(refresh=refresh, live=live)
    batch = make_batch(1, size=40)  # meets every class
    log_g = module(*batch)
    expected = class_curvature(*merged(batch), 4, k=K, ridge=RIDGE).log_value
    torch.testing.assert_close(log_g, expected, equal_nan=True)


@pytest.mark.parametrize('refresh', ['batch', 'class', 'all'])
def test_value_is_that_of_the_slow_loop_over_several_steps(refresh):
    module = filled(refresh=refresh)
    features, labels, indices = make_set()
    loop = PooledLoop(labels.tolist(), 4, K, 2, RIDGE, refresh)
    loop.store(indices.tolist(), features.numpy())
    for seed in range(3):
        batch = make_batch(seed)
        log_g = module(*batch)
        module.push(*batch)
        expected = loop.step(batch[2].tolist(), batch[0].numpy())
        np.testing.assert_allclose(log_g.numpy(), expected, rtol=1e-8)


def test_class_with_too_few_images_is_nan():
    log_g = filled()(*make_batch(0))
    assert log_g.isnan().tolist() == [False, False, False, True]


def test_stale_twin_is_no_neighbour_of_its_live_feature():
    module = filled()
    features, labels, indices = make_set()
    # Where twins stayed, an image would be its own nearest neighbour.
    live = features[:16] + 1e-9
    log_g = module(live, labels[:16], indices[:16])
    expected = class_curvature(
        torch.cat([live, features[16:]]), labels, 4, k=K).log_value
    torch.testing.assert_close(log_g[0], expected[0], rtol=1e-5, atol=1e-5)


def numeric_gradient(module, batch, class_, step=1e-6):
    """Central differences of G of a class, neighbours and frames frozen."""
    features, labels, indices = make_set()
    loop = PooledLoop(labels.tolist(), 4, K, 2, RIDGE, 'batch')
    loop.store(indices.tolist(), features.numpy())
    loop.remembered = loop.measure(loop.stored, loop.stored)
    images, frames = batch[2].tolist(), {}
    loop.values(images, batch[0].numpy(), frames)

    def value(moved):
        return loop.log_means(loop.values(images, moved, frames))[class_]

    gradient = np.zeros(batch[0].shape)
    for place in np.ndindex(*gradient.shape):
        ends = []
        for sign in (1, -1):
            moved = batch[0].numpy().copy()
            moved[place] += sign * step
            ends.append(value(moved))
        gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradient


def test_gradient_is_that_of_finite_differences_with_frozen_frames():
    batch = make_batch(2, size=6)
    batch[0].requires_grad_()
    filled()(*batch)[0].backward()
    fixed = (batch[0].detach(), *batch[1:])
    np.testing.assert_allclose(
        batch[0].grad.numpy(),
        numeric_gradient(filled(), fixed, 0),
        rtol=1e-5,
        atol=1e-8)


def test_batch_gradient_is_n_over_live_times_that_of_the_pool():
    # With all points measured, a live point weighs 1 / n_c in the class's
    # mean under 'pool' and 1 / (live points of the class) under 'batch'.
    batch = make_batch(3)
    gradients = {}
    for live in ('pool', 'batch'):
        features = batch[0].clone().requires_grad_()
        filled(live=live)(features, *batch[1:])[1].backward()
        gradients[live] = features.grad
    share = 25 / (batch[1] == 1).sum()
    torch.testing.assert_close(gradients['batch'], share * gradients['pool'])


def test_batch_and_pool_agree_where_the_whole_class_is_live():
    features, labels, indices = make_set()
    own = (labels == 2).nonzero()[:, 0]
    gradients = []
    for live in ('pool', 'batch'):
        points = features[own].clone().requires_grad_()
        filled(live=live)(points, labels[own], indices[own])[2].backward()
        gradients.append(points.grad)
    torch.testing.assert_close(*gradients)


def test_gradient_reaches_live_features_only():
    module = filled()
    features, labels, indices = make_batch(4)
    features.requires_grad_()
    cr = CurvatureRegularization()
    loss = torch.tensor(1., requires_grad=True)
    cr(module(features, labels, indices), loss, epoch=10).backward()
    assert loss.grad is None
    assert features.grad.abs().sum() > 0
    assert not any(b.requires_grad for b in module.buffers())
    assert features.grad[labels == 3].abs().sum() == 0  # class left out


def test_gradient_is_finite_on_degenerate_classes():
    module = make_module()
    features, labels, indices = make_set()
    features[labels == 1] = 1.  # duplicates
    features[labels == 2, 2:] = 0.  # a plane: flat
    module.push(features, labels, indices)
    features = features.requires_grad_()
    log_g = module(features, labels, indices)
    assert log_g[1].isnan() and log_g[2] == -torch.inf
    CurvatureRegularization()(log_g, torch.tensor(1.), 10).backward()
    assert torch.isfinite(features.grad).all()


def test_first_step_measures_every_stored_point():
    module = filled()
    assert not module.primed
    module(*make_batch(0))
    assert module.primed
    assert (~module.log_curvature.isnan()).sum() == sum(COUNTS[:3])


def test_push_without_a_forward_pass_keeps_what_is_remembered():
    module = filled()
    module(*make_batch(0))
    before = module.log_curvature.clone()
    module._measured = None
    module.push(*make_batch(1))
    assert torch.equal(module.log_curvature.nan_to_num(), before.nan_to_num())


def test_rows_with_nan_and_repeated_images_do_not_poison_the_step():
    module = filled()
    features, labels, indices = make_batch(5)
    features[0] = torch.nan
    indices[2], labels[2] = indices[1], labels[1]
    features.requires_grad_()
    log_g = module(features, labels, indices)
    log_g[:3].sum().backward()
    assert torch.isfinite(log_g[:3]).all()
    assert torch.isfinite(features.grad).all()
    module.push(features, labels, indices)
    assert module.pool.num_nonfinite == 1
    assert torch.isfinite(module.pool.features).all()


def test_bf16_features_are_measured_in_float32_under_autocast():
    module = filled(dtype=torch.float32)
    features, labels, indices = make_batch(6)
    with torch.autocast('cpu', torch.bfloat16):
        log_g = module(features.bfloat16(), labels, indices)
    assert log_g.dtype == torch.float32
    twin = filled(dtype=torch.float32)
    expected = twin(features.bfloat16().float(), labels, indices)
    assert torch.equal(log_g.nan_to_num(), expected.nan_to_num())


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_loaded_state_continues_bit_for_bit(addressing):
    first = filled(addressing=addressing)
    for seed in range(2):
        first(*make_batch(seed))
        first.push(*make_batch(seed))
    second = make_module(addressing=addressing)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for seed in range(2, 5):
        values = []
        for module in (first, second):
            values.append(module(*make_batch(seed)).nan_to_num())
            module.push(*make_batch(seed))
        assert torch.equal(*values)


@pytest.mark.parametrize('option, said', [
    (dict(refresh='some'), 'refresh must be one of'),
    (dict(live='all'), 'live must be one of'),
    (dict(k=2), 'k=2'),
    (dict(normal='up'), 'normal must be one of'),
])
def test_unknown_option_is_refused(option, said):
    with pytest.raises(ValueError, match=said):
        PooledCurvature(FeaturePool([5], 3), **option)
