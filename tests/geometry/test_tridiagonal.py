# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A few eigenpairs at once, against ``torch.linalg.eigh``."""
import pytest
import torch

from mmcurv.geometry import class_curvature
from mmcurv.geometry.tridiagonal import (count_below, eigenvalues, eigh,
                                         few_eigenpairs, tridiagonalize)

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}


def gram_matrices(n, s, rank=None, seed=0, dtype=torch.float64):
    """Positive semi-definite matrices (n, s, s) of a given rank."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(
        n, s, rank or s, generator=generator, dtype=torch.float64)
    rows = rows * torch.logspace(0, -1, rank or s, dtype=torch.float64)
    return (rows @ rows.mT).to(dtype)


def as_matrix(diagonal, off):
    full = torch.diag_embed(diagonal.T)
    return full + torch.diag_embed(off.T, 1) + torch.diag_embed(off.T, -1)


@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize('s, rank', [(1, 1), (2, 2), (3, 3), (12, 12),
                                     (41, 41), (41, 5)])
def test_all_eigenvalues_equal_those_of_eigh(s, rank, dtype):
    matrices = gram_matrices(20, s, rank, dtype=dtype)
    diagonal, off, _ = tridiagonalize(matrices)
    index = torch.arange(s)[:, None].expand(s, 20)
    values = eigenvalues(diagonal, off, index).T
    expected = torch.linalg.eigvalsh(matrices.double())
    error = (values.double() - expected).abs().amax(1) / expected[:, -1]
    assert error.max() < TOLERANCE[dtype]


def test_tridiagonal_form_has_the_same_spectrum_and_leaves_its_input():
    matrices = gram_matrices(10, 9)
    kept = matrices.clone()
    diagonal, off, _ = tridiagonalize(matrices)
    assert torch.equal(matrices, kept)
    torch.testing.assert_close(
        torch.linalg.eigvalsh(as_matrix(diagonal, off)),
        torch.linalg.eigvalsh(matrices))


@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize('s, rank', [(2, 2), (3, 3), (12, 12), (41, 41),
                                     (41, 5)])
def test_chosen_eigenvectors_are_unit_orthogonal_and_eigen(s, rank, dtype):
    matrices = gram_matrices(20, s, rank, dtype=dtype)
    index = torch.tensor([s - 1, s - 2, s - rank]).expand(20, 3)
    if s == rank == 2:
        index = index[:, :2]
    values, vectors = few_eigenpairs(matrices, index)
    size = matrices.double().diagonal(dim1=1, dim2=2).sum(1)
    misfit = (matrices @ vectors - vectors * values[:, None]).norm(dim=1)
    assert (misfit.amax(1) / size).max() < TOLERANCE[dtype]
    eye = torch.eye(
        index.shape[1], dtype=dtype).expand_as(vectors.mT @ vectors)
    atol = 10 * torch.finfo(dtype).eps**0.5
    torch.testing.assert_close(vectors.mT @ vectors, eye, rtol=0, atol=atol)


def test_equal_eigenvalues_still_give_orthonormal_vectors():
    rotation = torch.linalg.qr(gram_matrices(8, 10)).Q
    values = torch.tensor([0., 0., 1., 1., 1., 2., 2., 5., 5., 5.]).double()
    matrices = (rotation * values) @ rotation.mT
    matrices = (matrices + matrices.mT) / 2
    index = torch.tensor([9, 8, 7, 6, 4]).expand(8, 5)
    found, vectors = few_eigenpairs(matrices, index)
    torch.testing.assert_close(found, values[index], rtol=0, atol=1e-12)
    eye = torch.eye(5).double().expand(8, 5, 5)
    torch.testing.assert_close(vectors.mT @ vectors, eye, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        matrices @ vectors, vectors * found[:, None], rtol=0, atol=1e-10)


@pytest.mark.parametrize('matrix', [
    torch.zeros(5, 5),
    torch.eye(5),
    torch.diag(torch.tensor([3., 1., 0., 0., 2.])),
    torch.ones(5, 5),
])
def test_matrices_with_zeros_off_the_diagonal_are_no_trap(matrix):
    matrices = matrix.double()[None]
    index = torch.tensor([[4, 3, 0]])
    values, vectors = few_eigenpairs(matrices, index)
    expected = torch.linalg.eigvalsh(matrices)[:, [4, 3, 0]]
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        matrices @ vectors, vectors * values[:, None], rtol=0, atol=1e-7)


def test_counting_below_a_shift_counts_eigenvalues():
    matrices = gram_matrices(30, 8)
    diagonal, off, _ = tridiagonalize(matrices)
    spectrum = torch.linalg.eigvalsh(matrices)  # (30, 8)
    shifts = torch.rand(6, 30, generator=torch.Generator().manual_seed(1))
    shifts = shifts.double() * spectrum.max()
    expected = (spectrum[None] < shifts[..., None]).sum(-1)
    assert torch.equal(count_below(diagonal, off, shifts), expected)


def test_matrices_that_lapack_gives_up_on_are_solved_in_float64(monkeypatch):
    """By a LAPACK that gives up on all of float32."""
    solve = torch.linalg.eigh

    def gives_up(matrices):
        if matrices.dtype == torch.float32:
            raise torch.linalg.LinAlgError('failed to converge')
        return solve(matrices)

    matrices = gram_matrices(4, 6, dtype=torch.float32)
    expected = solve(matrices)
    monkeypatch.setattr(torch.linalg, 'eigh', gives_up)
    values, vectors = eigh(matrices)
    assert values.dtype == vectors.dtype == torch.float32
    torch.testing.assert_close(values, expected[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        matrices @ vectors, vectors * values[:, None], rtol=0, atol=1e-4)
    # So is a class of few points, whose frames come from it.
    points = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(60) % 2
    assert torch.isfinite(
        class_curvature(points, labels, num_classes=2).value).all()
