# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Memory, precision and state of pooled curvature."""
import copy

import pytest
import torch

from mmcurv.geometry import class_curvature
from mmcurv.regularization import pooled_curvature
from mmcurv.regularization.pooled_curvature import LIVES
from .pooled_runs import COUNTS, EXACT_REFRESHES, Drift, filled, owners, pooled


def same(actual, expected):
    """Bit for bit, nan included."""
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=0, equal_nan=True)


def step(curvature, features, labels, images):
    """One training step: log G, the gradient, and the batch stored."""
    features = features.clone().requires_grad_()
    log_g = curvature(features, labels, images)
    log_g[log_g.isfinite()].sum().backward()
    curvature.push(features, labels, images)
    return log_g.detach(), features.grad


def batches(number, labels, dtype):
    drift = Drift(len(labels), dtype=dtype, seed=3)
    for i in range(number):
        images, features = drift.batch(11)
        yield features.clone(), labels[images], images


@pytest.mark.parametrize('addressing, cap, dtype', [
    ('index', None, torch.float32),
    ('index', 6, torch.float64),
    ('fifo', None, torch.float16),
    ('fifo', 6, torch.float32),
])
@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_loaded_state_continues_bit_for_bit(refresh, live, addressing, cap,
                                            dtype):
    labels = owners()
    options = dict(
        pool=dict(addressing=addressing, max_per_class=cap, dtype=dtype),
        refresh=refresh,
        live=live)
    curvature = pooled(**options)
    runs = list(batches(10, labels, torch.promote_types(dtype, torch.float32)))
    for batch in runs[:3]:
        curvature.push(*batch)
    for batch in runs[3:6]:
        step(curvature, *batch)
    saved = copy.deepcopy(curvature.state_dict())
    other = pooled(**options)
    other.load_state_dict(saved)
    for batch in runs[6:]:
        for actual, expected in zip(
                step(other, *batch), step(curvature, *batch)):
            same(actual, expected)
    for name, value in curvature.state_dict().items():
        same(other.state_dict()[name], value)


def test_state_saved_while_the_pool_fills_continues_bit_for_bit():
    labels = owners()
    runs = list(batches(8, labels, torch.float32))
    curvature = pooled(pool=dict(dtype=torch.float32))
    for batch in runs[:4]:
        curvature.push(*batch)
    other = pooled(pool=dict(dtype=torch.float32))
    other.load_state_dict(copy.deepcopy(curvature.state_dict()))
    assert not other.primed
    for batch in runs[4:]:
        for actual, expected in zip(
                step(other, *batch), step(curvature, *batch)):
            same(actual, expected)


def test_state_holds_what_is_remembered_and_nothing_of_a_step():
    names = set(pooled().state_dict())
    assert names == {
        'log_curvature', 'primed', 'pool.capacity', 'pool.start',
        'pool.arrived', 'pool.features', 'pool.image', 'pool.slot',
        'pool.num_nonfinite'
    }


def test_push_without_a_forward_pass_keeps_what_is_remembered():
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(drift.features.clone(), labels)
    images, features = drift.batch(9)
    step(curvature, features, labels[images], images)
    before = curvature.log_curvature.clone()
    for _ in range(3):
        images, features = drift.batch(9)
        curvature.push(features, labels[images], images)
        slots = curvature.pool.slot[images]
        assert torch.equal(curvature.pool.features[slots], features)
    same(curvature.log_curvature, before)


def test_forward_pass_alone_stores_nothing():
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(drift.features.clone(), labels)
    curvature.measure_all()
    before = copy.deepcopy(curvature.state_dict())
    images, features = drift.batch(9)
    first = curvature(features, labels[images], images)
    for name, value in curvature.state_dict().items():
        same(value, before[name])
    same(curvature(features, labels[images], images), first)


def test_measuring_all_forgets_what_was_remembered():
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(drift.features.clone(), labels)
    curvature.log_curvature.fill_(7.)
    curvature.measure_all()
    expected = class_curvature(drift.features, labels, len(COUNTS), k=6)
    torch.testing.assert_close(
        curvature.class_values(), expected.log_value, equal_nan=True)
    assert curvature.primed


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_autocast_does_not_reach_the_curvature(refresh):
    labels = owners()
    drift = Drift(len(labels), p=30, dtype=torch.float32)
    results = []
    images, features = drift.batch(20)
    for enabled in (False, True):
        curvature = filled(drift.features + 0.1, labels, refresh=refresh)
        new = features.clone().requires_grad_()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            log_g = curvature(new, labels[images], images)
            curvature.push(new, labels[images], images)
        # As PyTorch asks, backward passes stay outside of autocast.
        log_g[:3].sum().backward()
        measured = curvature.log_curvature.clone()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            curvature.measure_all()
        slope = new.grad
        results.append((measured, log_g, slope, curvature.log_curvature))
        assert log_g.dtype == slope.dtype == torch.float32
    for plain, autocast in zip(*results):
        same(autocast, plain)


def test_half_precision_features_are_measured_in_float32():
    labels = owners()
    drift = Drift(len(labels), dtype=torch.float32)
    images, features = drift.batch(20)
    for dtype in (torch.float16, torch.bfloat16):
        rounded = features.to(dtype)
        results = []
        for batch in (rounded, rounded.float()):
            curvature = filled(drift.features + 0.1, labels)
            results.append(step(curvature, batch, labels[images], images))
        same(results[0][0], results[1][0])
        assert results[0][0].dtype == torch.float32
        assert results[0][1].dtype == dtype
        same(results[0][1], results[1][1].to(dtype))


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_pool_rounds_stored_features_only(dtype, refresh):
    labels = owners()
    drift = Drift(len(labels), dtype=torch.float32)
    stored = drift.features.clone()
    images, features = drift.batch(20)
    half = filled(stored, labels, refresh=refresh, pool=dict(dtype=dtype))
    full = filled(stored.to(dtype).float(), labels, refresh=refresh)
    assert half.log_curvature.dtype == torch.float32
    for _ in range(2):
        same(
            half(features, labels[images], images),
            full(features, labels[images], images))
        half.push(features, labels[images], images)
        full.push(features.to(dtype).float(), labels[images], images)
        half.measure_all()
        full.measure_all()
        same(half.log_curvature, full.log_curvature)
        images, features = drift.batch(20)


def test_float64_is_kept_and_float32_is_close_to_it():
    labels = owners((60, 50, 40, 3, 0, 1))
    drift = Drift(len(labels))
    images, features = drift.batch(60)
    results = []
    for dtype in (torch.float64, torch.float32):
        curvature = filled(drift.features.to(dtype), labels)
        log_g, slope = step(curvature, features.to(dtype), labels[images],
                            images)
        assert log_g.dtype == slope.dtype == dtype
        assert curvature.log_curvature.dtype == dtype
        results.append((log_g.double(), slope.double()))
    (log_g, slope), (rounded, rounded_slope) = results
    torch.testing.assert_close(
        rounded, log_g, rtol=0, atol=1e-3, equal_nan=True)
    assert (rounded_slope - slope).norm() < 1e-2 * slope.norm()


def test_step_that_failed_leaves_no_trace(monkeypatch):
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(drift.features.clone(), labels)
    fresh = filled(drift.features.clone(), labels)
    curvature.measure_all()
    images, features = drift.batch(12)

    def fail(*args, **kwargs):
        raise RuntimeError('out of memory')

    with monkeypatch.context() as patch:
        patch.setattr(pooled_curvature, 'nearest', fail)
        with pytest.raises(RuntimeError, match='out of memory'):
            curvature(features, labels[images], images)
    images, features = drift.batch(4)
    for actual, expected in zip(
            step(curvature, features, labels[images], images),
            step(fresh, features, labels[images], images)):
        same(actual, expected)
    same(curvature.log_curvature, fresh.log_curvature)


@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_empty_batch_gives_what_is_remembered(refresh, live):
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(
        drift.features.clone(), labels, refresh=refresh, live=live)
    empty = torch.empty(0).long()
    nothing = torch.empty(0, 5).double()
    log_g = curvature(nothing, empty, empty)
    curvature.push(nothing, empty, empty)
    torch.testing.assert_close(log_g, curvature.class_values(), equal_nan=True)
    assert log_g.isnan().tolist() == [False] * 3 + [True] * 3
