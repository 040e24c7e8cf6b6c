# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is done where nobody may look at values, done here where one may."""
import pytest
import torch

from mmcurv.geometry import (class_curvature, frames, neighbors,
                             point_curvature, quadric, tridiagonal)
from mmcurv.geometry.neighbors import nearest, nearest_of_candidates
from mmcurv.geometry.tridiagonal import orthonormalize


@pytest.fixture
def on_gpu(monkeypatch):
    """Take the routes of a GPU on the CPU."""
    for module in (frames, neighbors, quadric, tridiagonal):
        monkeypatch.setattr(module, 'on_host', lambda values: False)


def cloud(n, p, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, p, generator=generator, dtype=dtype)


def as_sets(indices):
    return [set(row) for row in indices.tolist()]


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('offset', [0., 1e3])
@pytest.mark.parametrize('k', [1, 7, 38, 39])
def test_candidates_hold_the_nearest(dtype, offset, k):
    points = cloud(40, 5, dtype=dtype) + offset
    rows = torch.arange(40)
    expected = nearest(points, points, k, rows)
    found = nearest_of_candidates(points, points, k, rows)
    assert as_sets(found) == as_sets(expected)


def test_candidates_in_many_chunks_are_those_of_one():
    points, rows = cloud(40, 5), torch.arange(40)
    whole = nearest_of_candidates(points, points, 6, rows)
    parts = nearest_of_candidates(points, points, 6, rows, max_memory=1)
    assert torch.equal(whole, parts)


def test_candidates_may_include_the_query_itself():
    points = cloud(20, 3)
    assert torch.equal(
        nearest_of_candidates(points, points, 1)[:, 0], torch.arange(20))
    assert nearest_of_candidates(points[:0], points, 3).shape == (0, 3)


def test_of_many_equal_points_any_are_taken():
    points = torch.cat([torch.zeros(30, 3), torch.ones(5, 3)])
    found = nearest_of_candidates(points[:1], points, 10, torch.tensor([0]))
    assert (found < 30).all() and (found > 0).all()
    assert len(set(found[0].tolist())) == 10


def test_orthonormal_vectors_stay_as_they_are():
    vectors = torch.linalg.qr(cloud(9, 9)).Q[None, :, :3]
    index = torch.tensor([[8, 7, 0]])
    assert torch.allclose(orthonormalize(vectors, index), vectors, atol=1e-14)


def test_slanted_vectors_become_orthonormal_in_their_span():
    vectors = torch.nn.functional.normalize(cloud(40, 3).view(5, 8, 3), dim=1)
    index = torch.tensor([8, 7, 0]).expand(5, -1)
    made = orthonormalize(vectors, index)
    assert torch.allclose(made.mT @ made,
                          torch.eye(3).double().expand(5, -1, -1))
    assert torch.allclose(made @ (made.mT @ vectors), vectors)


def test_vector_of_the_same_eigenvalue_is_not_changed():
    vector = torch.nn.functional.normalize(cloud(4, 6), dim=1)
    twice = torch.stack([vector, vector], 2)
    assert torch.allclose(
        orthonormalize(twice, torch.tensor([[5, 5]] * 4)), twice)


@pytest.mark.parametrize('second', ['the same', 'nan'])
def test_vector_that_adds_nothing_is_lost(second):
    vector = torch.nn.functional.normalize(cloud(4, 6), dim=1)
    other = vector + 1e-5 if second == 'the same' else vector * torch.nan
    made = orthonormalize(
        torch.stack([vector, other], 2), torch.tensor([[5, 4]] * 4))
    assert torch.allclose(made[..., 0], vector)
    assert (made[..., 1] == 0).all()


def test_point_whose_direction_is_lost_is_undetermined(on_gpu, monkeypatch):

    def lose(matrix, index, reduced):
        values, vectors = tridiagonal.few_eigenpairs(matrix, index, reduced)
        vectors[3, :, 1] = 0
        return values, vectors

    monkeypatch.setattr(frames, 'few_eigenpairs', lose)
    points = cloud(30, 4).requires_grad_()
    found = point_curvature(points, k=10).log_abs_det
    assert found.isnan().nonzero()[:, 0].tolist() == [3]
    found[~found.isnan()].sum().backward()
    assert points.grad.isfinite().all()


@pytest.mark.parametrize('n, p', [(30, 3), (200, 3), (200, 60)])
@pytest.mark.parametrize('normal', ['smallest', 'next'])
@pytest.mark.parametrize('fit', ['ridge', 'symmetric', 'paper'])
def test_curvature_and_gradient_are_those_of_the_cpu(n, p, normal, fit,
                                                     monkeypatch):

    def measured():
        points = cloud(n, p).requires_grad_()
        found = point_curvature(points, k=12, normal=normal, fit=fit)
        found.log_abs_det.sum().backward()
        return *found[:5], points.grad  # margin was not asked for

    expected = measured()
    for module in (frames, neighbors, quadric, tridiagonal):
        monkeypatch.setattr(module, 'on_host', lambda values: False)
    for ours, theirs in zip(measured(), expected):
        assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_sphere_has_its_curvature(on_gpu):
    points = torch.nn.functional.normalize(cloud(4000, 3), dim=1) * 2
    found = class_curvature(points, torch.zeros(4000).long(), num_classes=1)
    assert found.value.item() == pytest.approx(0.25, rel=0.1)
