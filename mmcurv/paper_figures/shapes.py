# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Surfaces of known curvature: samples and the true values.

What curvature estimation aims at is |det| of the Hessian of a hypersurface
over its own tangent space. For a graph z = f(x, y) that is the absolute
Gaussian curvature

    |K| = |f_xx f_yy - f_xy^2| / (1 + f_x^2 + f_y^2)^2,

for an m-sphere of radius R it is R^-m. Graphs are sampled uniformly in
(x, y) over the square |x|, |y| <= extent. Everything is float64 on the CPU,
and the same seed gives the same points.

Letters: n points, p features, m dimensions of the manifold.
"""
from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class ShapeSample:
    """Points on a surface, with the truth about them.

    Attributes:
        points (Tensor): Shape (n, p).
        curvature (Tensor): True |det| of the Hessian in the tangent frame at
            each point, shape (n,), in units of length^-m.
        mean_curvature (float): True mean of ``curvature``: the closed form
            where it is constant, else the mean over the sampled points.
    """
    points: Tensor
    curvature: Tensor
    mean_curvature: float


@dataclass(frozen=True)
class SpherePair:
    """Two spherical point clouds as in Fig. 3, with their true separation.

    Attributes:
        features (Tensor): Shape (2n, 3).
        labels (Tensor): int64 of shape (2n,), 0 then 1.
        separation (Tensor): Separation degrees (Algorithm 2, not centred) of
            the two uniform spheres themselves, shape (2,).
        centered_separation (Tensor): The same, each cloud about its own mean.
    """
    features: Tensor
    labels: Tensor
    separation: Tensor
    centered_separation: Tensor


def sphere(n: int,
           dim: int = 2,
           radius: float = 1.,
           seed: int = 0) -> ShapeSample:
    """Uniform points on a ``dim``-sphere in R^(dim + 1).

    Args:
        n (int): Number of points.
        dim (int): Dimension m of the sphere. Defaults to 2.
        radius (float): Positive radius R. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, dim + 1); curvature R^-dim.

    Examples:
        >>> sphere(100, dim=3, radius=2.).mean_curvature
        0.125
    """
    points = unit_vectors(n, dim + 1, seeded(seed)) * radius
    return _constant(points, radius**-dim)


def plane(n: int,
          dim: int = 2,
          extent: float = 1.,
          seed: int = 0) -> ShapeSample:
    """Uniform points on a flat cube of side 2 extent in R^(dim + 1).

    Args:
        n (int): Number of points.
        dim (int): Dimension m of the plane. Defaults to 2.
        extent (float): Half the side of the cube. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, dim + 1), the last coordinate 0;
        curvature 0.
    """
    points = torch.zeros(n, dim + 1, dtype=torch.float64)
    points[:, :dim] = _uniform((n, dim), extent, seeded(seed))
    return _constant(points, 0.)


def cylinder(n: int,
             radius: float = 1.,
             extent: float = 1.,
             seed: int = 0) -> ShapeSample:
    """Uniform points on a cylinder, which is curved, but has curvature 0.

    Args:
        n (int): Number of points.
        radius (float): Positive radius. Defaults to 1.
        extent (float): Half the height. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, 3); curvature 0.
    """
    generator = seeded(seed)
    ring = unit_vectors(n, 2, generator) * radius
    height = _uniform((n, 1), extent, generator)
    return _constant(torch.cat([ring, height], 1), 0.)


def paraboloid(n: int,
               a: float = 1.,
               b: float = 1.,
               extent: float = 1.,
               seed: int = 0) -> ShapeSample:
    """Points of z = (a x^2 + b y^2) / 2; curvature ``a * b`` at the origin.

    Args:
        n (int): Number of points.
        a (float): Curvature along x at the origin. Defaults to 1.
        b (float): Curvature along y at the origin. Defaults to 1.
        extent (float): Half the side of the sampled square. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, 3).
    """
    x, y = _uniform((2, n), extent, seeded(seed))
    height = (a * x**2 + b * y**2) / 2
    return _graph(x, y, height, (a * x, b * y), (a, 0., b))


def saddle(n: int,
           w: float = 1.,
           extent: float = 1.,
           seed: int = 0) -> ShapeSample:
    """Points of z = w (x^2 - y^2), the first row of Fig. 5.

    Args:
        n (int): Number of points.
        w (float): How strongly it bends: |K| = 4 w^2 at the origin. Defaults
            to 1.
        extent (float): Half the side of the sampled square. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, 3).
    """
    return paraboloid(n, 2 * w, -2 * w, extent, seed)


def printed_waves(n: int,
                  w: float = 1.,
                  extent: float = 1.,
                  seed: int = 0) -> ShapeSample:
    """Points of z = sin(sin(w x / 2)) + cos(cos(w x / 2)), Fig. 5's second.

    The caption of Fig. 5 prints X in both terms. Such a surface is a bent
    sheet, straight along y, so its Gaussian curvature is 0 for every w: any
    rise of an estimate with w is the estimator's own. :func:`crossed_waves`
    has Y in the second term and bends truly.

    Args:
        n (int): Number of points.
        w (float): Wave number. Defaults to 1.
        extent (float): Half the side of the sampled square. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, 3); curvature 0.
    """
    x, y = _uniform((2, n), extent, seeded(seed))
    height = _sin_sin(x, w)[0] + _cos_cos(x, w)[0]
    return _constant(torch.stack([x, y, height], 1), 0.)


def crossed_waves(n: int,
                  w: float = 1.,
                  extent: float = 1.,
                  seed: int = 0) -> ShapeSample:
    """Points of z = sin(sin(w x / 2)) + cos(cos(w y / 2)).

    Not in the paper: Fig. 5's second surface with Y in the second term, so
    that its curvature is not 0.

    Args:
        n (int): Number of points.
        w (float): Wave number. Defaults to 1.
        extent (float): Half the side of the sampled square. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        ShapeSample: Points of shape (n, 3).
    """
    x, y = _uniform((2, n), extent, seeded(seed))
    (f, f_x, f_xx), (g, g_y, g_yy) = _sin_sin(x, w), _cos_cos(y, w)
    return _graph(x, y, f + g, (f_x, g_y), (f_xx, 0., g_yy))


def sphere_pair(n: int,
                radii: Tuple[float, float] = (1., 1.),
                distance: float = 1.,
                seed: int = 0) -> SpherePair:
    """Two uniform spheres in R^3, as in Fig. 3.

    The paper does not say where the origin lies, on which Algorithm 2
    depends. Here both centres lie at the same distance from it, in
    orthogonal directions: equal spheres have equal degrees, which grow from
    0 with the distance. (With one sphere about the origin, degrees are
    unequal and one is negative; with the centres opposite, both are 0.) The
    larger sphere has the larger degree at every distance; with centred
    clouds only while Vol(Z) < Vol(Z_1) + Vol(Z_2), which section 3.3
    asserts always, and which fails for spheres far apart.

    Args:
        n (int): Number of points of each sphere.
        radii (tuple[float, float]): Positive radii. Defaults to (1., 1.).
        distance (float): Between the centres, >= 0. Defaults to 1.
        seed (int): Seed of the points. Defaults to 0.

    Returns:
        SpherePair: 2n features, their labels and the true separation.
    """
    generator = seeded(seed)
    centers = torch.eye(3, dtype=torch.float64)[:2] * distance / 2**0.5
    clouds = [
        unit_vectors(n, 3, generator) * radius + center
        for radius, center in zip(radii, centers)
    ]
    labels = torch.arange(2).repeat_interleave(n)
    # Second moments of a uniform sphere: R^2 I / 3 about its centre.
    own = torch.stack([torch.eye(3).double() * r**2 / 3 for r in radii])
    outer = centers[:, :, None] * centers[:, None, :]
    gap = centers[0] - centers[1]
    return SpherePair(
        torch.cat(clouds), labels,
        _pair_separation(own + outer, (own + outer).mean(0)),
        _pair_separation(own,
                         own.mean(0) + torch.outer(gap, gap) / 4))


def embed_isometrically(points: Tensor, p: int, seed: int = 0) -> Tensor:
    """The points in R^p, under a random linear isometry.

    Args:
        points (Tensor): Shape (n, q), q <= p.
        p (int): Dimension of the space to embed in.
        seed (int): Seed of the isometry. Defaults to 0.

    Returns:
        Tensor: Shape (n, p), with the same distances between points.

    Raises:
        ValueError: If p < q.
    """
    q = points.shape[1]
    if p < q:
        raise ValueError(f'p must be at least {q}, the dimension of the '
                         f'points, got {p}; no isometry leads into a '
                         'smaller space')
    gauss = torch.randn(p, q, generator=seeded(seed), dtype=torch.float64)
    basis = torch.linalg.qr(gauss).Q.to(points)  # (p, q), orthonormal columns
    return points @ basis.T


def _uniform(shape: Tuple[int, int], extent: float,
             generator: torch.Generator) -> Tensor:
    unit = torch.rand(shape, generator=generator, dtype=torch.float64)
    return (2 * unit - 1) * extent


def _constant(points: Tensor, curvature: float) -> ShapeSample:
    return ShapeSample(points, points.new_full((len(points), ), curvature),
                       curvature)


def _graph(x, y, height, slope, hessian) -> ShapeSample:
    """Points (x, y, height); slope (f_x, f_y), hessian (f_xx, f_xy, f_yy)."""
    (f_x, f_y), (f_xx, f_xy, f_yy) = slope, hessian
    determinant = abs(f_xx * f_yy - f_xy**2)
    curvature = determinant / (1 + f_x**2 + f_y**2)**2  # (n,)
    return ShapeSample(
        torch.stack([x, y, height], 1), curvature, float(curvature.mean()))


def _sin_sin(x: Tensor, w: float) -> Tuple[Tensor, Tensor, Tensor]:
    """sin(sin(w x / 2)) with its first and second derivative."""
    h = w / 2
    inner, slope = torch.sin(h * x), h * torch.cos(h * x)
    return (inner.sin(), inner.cos() * slope,
            -inner.sin() * slope**2 - inner.cos() * h**2 * inner)


def _cos_cos(y: Tensor, w: float) -> Tuple[Tensor, Tensor, Tensor]:
    """cos(cos(w y / 2)) with its first and second derivative."""
    h = w / 2
    inner, slope = torch.cos(h * y), -h * torch.sin(h * y)
    return (inner.cos(), -inner.sin() * slope,
            -inner.cos() * slope**2 + inner.sin() * h**2 * inner)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def unit_vectors(n: int, p: int, generator: torch.Generator) -> Tensor:
    gauss = torch.randn(n, p, generator=generator, dtype=torch.float64)
    return gauss / gauss.norm(dim=1, keepdim=True)


def _pair_separation(moments: Tensor, total: Tensor) -> Tensor:
    """Degrees of two equally likely clouds from second moments (2, 3, 3)."""
    eye = torch.eye(3, dtype=total.dtype)
    own, whole = torch.logdet(eye + moments), torch.logdet(eye + total)
    return (whole - own.flip(0)) / own
