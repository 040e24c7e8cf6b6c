# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import doctest
import math

import numpy as np
import pytest
import torch

from mmcurv.geometry import class_curvature, point_curvature
from mmcurv.paper_figures import shapes
from tests.reference.curvature_loop import curvature_loop

REDUCE = dict(
    mean=lambda dets: dets.mean(),
    geometric=lambda dets: np.exp(np.log(dets).mean()),
    median=np.median)


def clouds(counts, p, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat(
        [torch.full((count, ), c) for c, count in enumerate(counts)])
    labels = labels[torch.randperm(len(labels), generator=generator)]
    features = torch.randn(len(labels), p, generator=generator).double()
    return features * (1 + labels[:, None]), labels


@pytest.mark.parametrize('reduction', REDUCE)
@pytest.mark.parametrize('options', [
    dict(),
    dict(tangent_dim=3, normal='next', fit='symmetric', half=False),
    dict(fit='paper'),
    dict(ridge=0.1)
])
@pytest.mark.parametrize('p', [5, 30])
def test_class_curvature_equals_slow_loop(p, options, reduction):
    features, labels = clouds([30, 9, 20], p)
    result = class_curvature(
        features, labels, 3, k=12, reduction=reduction, **options)
    options = dict(dict(ridge=1e-4), **options)
    for c in range(3):
        own = features[labels == c]
        dets = abs(curvature_loop(own, 12, **options)['det'])
        expected = REDUCE[reduction](dets)
        assert result.value[c].item() == pytest.approx(expected, 1e-7)
        assert result.log_value[c].item() == pytest.approx(
            math.log(expected), abs=1e-7)
    assert result.count.tolist() == result.points_used.tolist() == [30, 9, 20]


def test_classes_do_not_see_each_other():
    features, labels = clouds([30, 30], 4)
    together = class_curvature(features, labels, 2, k=12)
    for c in (0, 1):
        own = point_curvature(features[labels == c], 12).det.abs().mean()
        torch.testing.assert_close(together.value[c], own)


def test_spheres_are_told_apart_by_their_radius():
    radii = [1., 2., 5.]
    features = torch.cat([
        shapes.sphere(1000, radius=r, seed=i).points
        for i, r in enumerate(radii)
    ])
    labels = torch.arange(3).repeat_interleave(1000)
    value = class_curvature(features, labels, 3).value
    for c, radius in enumerate(radii):
        assert value[c].item() == pytest.approx(radius**-2, rel=0.15)


def test_absent_and_tiny_classes_are_nan_with_their_count():
    features, labels = clouds([30, 0, 3, 1, 4], 6)
    result = class_curvature(features, labels, 6, k=12)
    assert result.value.shape == (6, )
    assert result.value.isnan().tolist() == [
        False, True, True, True, False, True
    ]
    assert torch.equal(result.value.isnan(), result.log_value.isnan())
    assert result.count.tolist() == [30, 0, 3, 1, 4, 0]
    assert result.points_used.tolist() == [30, 0, 0, 0, 4, 0]


@pytest.mark.parametrize('reduction', REDUCE)
def test_undetermined_points_are_left_out_and_counted(reduction):
    features, labels = clouds([40, 30], 5)
    own = (labels == 0).nonzero()[:, 0]
    features[own[:15]] = features[own[0]].clone()
    result = class_curvature(features, labels, 2, k=10, reduction=reduction)
    dets = abs(curvature_loop(features[own], 10, ridge=1e-4)['det'])
    usable = ~np.isnan(dets)
    assert 15 < usable.sum() <= 25  # the copies are not, the others mostly
    assert result.points_used.tolist() == [usable.sum(), 30]
    assert result.count.tolist() == [40, 30]
    expected = REDUCE[reduction](dets[usable])
    assert result.value[0].item() == pytest.approx(expected, 1e-7)


def test_flat_class_has_value_zero_not_nan():
    features = shapes.plane(50).points
    for reduction in REDUCE:
        result = class_curvature(
            features, torch.zeros(50).long(), 1, k=12, reduction=reduction)
        assert result.value.item() == 0
        assert result.log_value.item() == -math.inf
        assert result.points_used.item() == 50


@pytest.mark.parametrize('reduction', REDUCE)
def test_log_value_is_finite_where_the_value_overflows(reduction):
    features, labels = clouds([40, 30], 6)
    options = dict(k=15, tangent_dim=4, reduction=reduction)
    expected = class_curvature(features, labels, 2, **options).log_value
    tiny = class_curvature((features * 1e-12).float(), labels, 2, **options)
    assert tiny.value.isinf().all()
    torch.testing.assert_close(
        tiny.log_value.double(),
        expected + 48 * math.log(10),
        rtol=1e-3,
        atol=0)


def test_order_of_points_does_not_matter():
    features, labels = clouds([30, 20, 25], 5)
    order = torch.randperm(75, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        class_curvature(features[order], labels[order], 3, k=12),
        class_curvature(features, labels, 3, k=12))


def test_value_does_not_depend_on_the_memory_bound():
    features, labels = clouds([30, 20, 25], 5)
    torch.testing.assert_close(
        class_curvature(features, labels, 3, k=12, max_memory=5000),
        class_curvature(features, labels, 3, k=12))


def test_float32_is_close_to_float64():
    features, labels = clouds([200, 100], 20)
    features = features.float()
    single = class_curvature(features, labels, 2)
    double = class_curvature(features.double(), labels, 2)
    assert single.value.dtype == torch.float32
    torch.testing.assert_close(
        single.value.double(), double.value, rtol=1e-3, atol=0)


def test_no_points_at_all_are_nan():
    result = class_curvature(torch.zeros(0, 4), torch.zeros(0).long(), 3)
    assert result.value.isnan().tolist() == [True] * 3
    assert result.count.tolist() == result.points_used.tolist() == [0] * 3


def test_non_finite_features_are_counted():
    features, labels = clouds([20, 10], 4)
    features[[3, 7], [0, 1]] = math.nan
    features[9, 2] = math.inf
    with pytest.raises(ValueError, match='3 of 30'):
        class_curvature(features, labels, 2)


def test_wrong_labels_and_options_are_named():
    features, labels = clouds([20, 10], 4)
    with pytest.raises(ValueError, match=r'\[0, 1\).*10 of 30'):
        class_curvature(features, labels, 1)
    with pytest.raises(ValueError, match='30'):
        class_curvature(features, labels[:-1], 2)
    with pytest.raises(TypeError, match='float32'):
        class_curvature(features, labels.float(), 2)
    with pytest.raises(ValueError, match='reduction.*max'):
        class_curvature(features, labels, 2, reduction='max')


def test_example_in_docstring_is_true():
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(class_curvature):
        runner.run(example)
    assert runner.tries > 0 and runner.failures == 0


@pytest.mark.parametrize('inference', [False, True])
def test_threads_share_the_points_and_give_what_one_gives(inference):
    points = torch.randn(1300, 6, generator=torch.Generator().manual_seed(0))
    own = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            with torch.inference_mode(inference):
                found.append(point_curvature(points, 12).log_abs_det)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(own)
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-3)
    points.requires_grad_()
    assert point_curvature(points, 12).det.requires_grad
