# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The two spheres of Fig. 3, with their true separation degrees (Ma et al.,
Predicting and Enhancing the Fairness of DNNs with the Curvature of Perceptual
Manifolds, section 3.3)."""
from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Tensor


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
