# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.geometry import (local_spread, neighbor_purity, relative_spread,
                             surface_variation, tangent_variation)
from tests.reference.difficulty_loop import (local_spread_loop, purity_loop,
                                             relative_spread_loop,
                                             variation_loops)

COMPARED = (neighbor_purity, relative_spread)
MEASURES = (*COMPARED, local_spread, tangent_variation, surface_variation)


def clouds(counts=(30, 4, 60), p=12, seed=0, apart=1.):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat(
        [torch.full((count, ), c) for c, count in enumerate(counts)])
    centers = apart * torch.randn(len(counts), p, generator=generator)
    noise = torch.randn(len(labels), p, generator=generator)
    order = torch.randperm(len(labels), generator=generator)
    features = centers[labels] + noise * torch.linspace(2, .1, p)
    return features[order].double(), labels[order]


def close(value, expected, tolerance=1e-9):
    torch.testing.assert_close(
        value.double(),
        torch.tensor(expected, dtype=torch.float64),
        rtol=tolerance,
        atol=tolerance,
        equal_nan=True)


@pytest.mark.parametrize('k', [1, 7, 40])
def test_measures_among_classes_equal_the_slow_loops(k):
    features, labels = clouds((30, 1, 0, 60, 5))
    close(
        neighbor_purity(features, labels, 5, k),
        purity_loop(features.numpy(), labels.tolist(), 5, k))
    for fast, slow in ((relative_spread, relative_spread_loop),
                       (local_spread, local_spread_loop)):
        close(
            fast(features, labels, 5, k),
            slow(features.numpy(), labels.tolist(), 5, k))


@pytest.mark.parametrize('k, m', [(12, 2), (40, 3), (12, 12)])
def test_variations_equal_the_slow_loops(k, m):
    features, labels = clouds((30, 20, 60))
    tangent, surface = variation_loops(features.numpy(), labels.numpy(), 3, k,
                                       m)
    close(tangent_variation(features, labels, 3, k, m), tangent)
    close(surface_variation(features, labels, 3, k, m), surface)


@pytest.mark.parametrize('measure', MEASURES)
def test_little_memory_and_float32_change_rounding_alone(measure):
    features, labels = clouds((80, 40, 60))
    expected = measure(features, labels, 3)
    torch.testing.assert_close(
        measure(features, labels, 3, max_memory=1), expected)
    torch.testing.assert_close(
        measure(features.float(), labels, 3).double(),
        expected,
        rtol=1e-4,
        atol=1e-5)


@pytest.mark.parametrize('scale', [1e-18, 3., 1e18])
def test_scale_laws(scale):
    features, labels = clouds((80, 40, 60))
    features = features.float()
    for measure in MEASURES:
        shift = 2 * math.log(scale) if measure is local_spread else 0
        torch.testing.assert_close(
            measure(features * scale, labels, 3),
            measure(features, labels, 3) + shift,
            rtol=1e-4,
            atol=1e-5)


@pytest.mark.parametrize('measure', MEASURES)
def test_axes_and_origin_do_not_matter(measure):
    features, labels = clouds((80, 40, 60))
    axes = torch.linalg.qr(
        torch.randn(12, 12,
                    generator=torch.Generator().manual_seed(3)).double())[0]
    torch.testing.assert_close(
        measure(features @ axes + 5, labels, 3),
        measure(features, labels, 3),
        rtol=1e-7,
        atol=1e-7)


def test_purity_of_classes_apart_is_one_and_of_noise_their_share():
    features, labels = clouds((50, 50), apart=100.)
    assert neighbor_purity(features, labels, 2).tolist() == [1, 1]
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(4000, 3, generator=generator)
    labels = (torch.arange(4000) % 4 == 0).long()
    close(neighbor_purity(noise, labels, 2), [.75, .25], tolerance=.02)


def test_two_pairs_on_a_line_have_the_relative_spread_by_hand():
    features = torch.tensor([[0.], [1.], [10.], [13.]])
    labels = torch.tensor([0, 0, 1, 1])
    means = (.5, 11.5)
    first = (1 / means[1]**2 + 1 / (means[1] - 1)**2) / 2
    second = (9 / (10 - means[0])**2 + 9 / (13 - means[0])**2) / 2
    close(
        relative_spread(features, labels, 2),
        [math.log(first), math.log(second)],
        tolerance=1e-6)
    close(local_spread(features, labels, 2), [0., math.log(9)], tolerance=1e-6)


def test_flat_classes_vary_neither_in_tangent_nor_in_surface():
    generator = torch.Generator().manual_seed(0)
    plane = torch.randn(100, 2, generator=generator).double()
    axes = torch.linalg.qr(torch.randn(7, 2, generator=generator).double())[0]
    labels = torch.arange(100) % 2
    for measure in (tangent_variation, surface_variation):
        value = measure(plane @ axes.T, labels, 2, k=20, tangent_dim=2)
        assert value.abs().max() < 1e-12


def test_tangent_lines_of_a_circle_turn_by_the_angle_between_points():
    n, k = 360, 2
    angle = 2 * math.pi / n * torch.arange(n).double()
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    value = tangent_variation(
        circle, torch.zeros(n, dtype=torch.long), 1, k, tangent_dim=1)
    close(value, [math.sin(2 * math.pi / n)**2], tolerance=1e-10)


def test_surface_of_an_arc_has_the_variance_of_its_height():
    # Three points of a circle at angles -t, 0, t.
    step = 2 * math.pi / 360
    angle = step * torch.arange(360).double()
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    value = surface_variation(
        circle, torch.zeros(360, dtype=torch.long), 1, 2, tangent_dim=1)
    along = 2 * math.sin(step)**2
    height = 2 / 3 * (1 - math.cos(step))**2
    close(value, [height / (along + height)], tolerance=1e-9)


@pytest.mark.parametrize('measure', MEASURES)
def test_absent_classes_are_nan_and_tiny_ones_as_documented(measure):
    features, labels = clouds((60, 0, 1))
    values = measure(features, labels, 3)
    assert values[0].isfinite() and values[1].isnan()
    assert values[2].isnan() == (measure is not neighbor_purity)


def test_one_class_alone_has_no_relative_spread():
    features, labels = clouds((20, ))
    assert relative_spread(features, labels, 1).isnan().all()
    assert neighbor_purity(features[:1], labels[:1], 1).isnan().all()


def test_coinciding_points_are_the_documented_limits():
    features = torch.ones(30, 3)
    features[15:] += 5
    labels = (torch.arange(30) >= 15).long()
    assert local_spread(features, labels, 2).tolist() == [-math.inf] * 2
    assert relative_spread(features, labels, 2).tolist() == [-math.inf] * 2
    assert surface_variation(features, labels, 2).isnan().all()
    assert tangent_variation(features, labels, 2).isnan().all()


@pytest.mark.parametrize('measure', MEASURES)
def test_bad_input_is_refused(measure):
    features, labels = clouds()
    with pytest.raises(ValueError, match='tangent_dim'):
        measure(features, labels, 3, k=0)
    with pytest.raises(ValueError, match='NaN'):
        measure(features * math.nan, labels, 3)
    with pytest.raises(ValueError, match='num_classes'):
        measure(features, labels, 2)
