# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from mmcurv.geometry import knn
from mmcurv.geometry.neighbors import nearest
from tests.reference.knn_loop import knn_loop


def cloud(n, p, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, p, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('n, p, k', [(40, 3, 7), (30, 50, 29), (2, 1, 1)])
def test_neighbours_equal_slow_loop(n, p, k):
    points = cloud(n, p)
    neighbors = knn(points, k)
    assert neighbors.dtype == torch.int64
    np.testing.assert_array_equal(neighbors, knn_loop(points, k))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('shift', [0., 1e3])
def test_neighbours_equal_those_of_scikit_learn(dtype, shift):
    points = (cloud(600, 16) + shift).to(dtype)
    exact = points.double().numpy()
    oracle = NearestNeighbors(n_neighbors=11, algorithm='kd_tree').fit(exact)
    expected = oracle.kneighbors(exact, return_distance=False)[:, 1:]
    np.testing.assert_array_equal(knn(points, 10), expected)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
        min_size=3,
        max_size=25), st.integers(1, 24))
def test_ties_on_a_lattice_go_to_the_lower_index(points, k):
    points = torch.tensor(points, dtype=torch.float64)
    k = min(k, len(points) - 1)
    np.testing.assert_array_equal(knn(points, k), knn_loop(points, k))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('p', [2, 100])
def test_duplicates_are_the_nearest_neighbours_in_order(p, dtype):
    points = cloud(30, p).to(dtype)
    points[[5, 11, 28]] = points[2].clone()
    neighbors = knn(points, 4)
    copies = [2, 5, 11, 28]
    for i in copies:
        others = [j for j in copies if j != i]
        assert neighbors[i, :3].tolist() == others
    assert (neighbors != torch.arange(30)[:, None]).all()


@pytest.mark.parametrize('max_memory', [1, 3000, 40000])
def test_neighbours_do_not_depend_on_the_memory_bound(max_memory):
    points = cloud(100, 7).round(decimals=1)
    points[50:60] = points[:10]
    expected = knn(points, 9)
    assert torch.equal(knn(points, 9, max_memory=max_memory), expected)


def test_close_points_far_from_the_origin_are_told_apart():
    points = cloud(50, 4) * 1e-3 + 1e4
    np.testing.assert_array_equal(knn(points, 5), knn_loop(points, 5))


def test_nearest_without_exclusion_finds_the_point_itself():
    points = cloud(20, 3)
    found = nearest(points[:4], points, 1)
    assert found[:, 0].tolist() == [0, 1, 2, 3]


def test_half_precision_is_compared_in_full():
    points = cloud(40, 3).half()
    np.testing.assert_array_equal(knn(points, 5), knn_loop(points.double(), 5))


@pytest.mark.parametrize('k', [0, -1, 5, 6])
def test_number_of_neighbours_must_fit(k):
    with pytest.raises(ValueError, match=f'k={k}'):
        knn(cloud(5, 2), k)


def test_non_finite_points_are_counted():
    points = cloud(10, 3)
    points[2, 1], points[5] = math.nan, math.inf
    with pytest.raises(ValueError, match='2 of 10'):
        knn(points, 2)
