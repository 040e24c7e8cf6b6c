# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Neighbourhoods in their own principal axes, made once for many fits.

A curvature looks at a neighbourhood only along m tangent directions and one
normal. Turning the neighbourhood into its principal axes is an isometry, so
the curvature of the coordinates along those axes is that of the points; and
the axes, which cost most, are the same for every m, fit and reduction.
"""
import torch
from torch import Tensor

from mmcurv.geometry.checks import check_points, to_moderate_unit
from mmcurv.geometry.curvature import (PointCurvature, curvature_of_offsets,
                                       points_per_chunk)
from mmcurv.geometry.frames import local_frames
from mmcurv.geometry.neighbors import DEFAULT_MEMORY, nearest


class PrincipalCoordinates:
    """Neighbourhoods of all points of one class.

    Args:
        points (Tensor): Shape (n, p), finite, n >= 2.
        k (int): Neighbours; min(k, n - 1) are used.
        tangent_dim (int): Largest m that will be asked for.
        max_memory (int): Bound in bytes on scratch memory. Defaults to
            268435456.
    """

    def __init__(self,
                 points: Tensor,
                 k: int,
                 tangent_dim: int,
                 max_memory: int = DEFAULT_MEMORY) -> None:
        points, self._unit = to_moderate_unit(check_points(points))
        rows = torch.arange(len(points))
        self.k = near = min(k, len(points) - 1)
        neighbors = nearest(points, points, near, rows, max_memory)
        eps = torch.finfo(points.dtype).eps
        self._count = torch.full_like(rows, near)
        parts = []
        for part in rows.split(points_per_chunk(near, points, max_memory)):
            offsets = points[neighbors[part]] - points[part, None]
            count, p = self._count[part], points.shape[1]
            # As in curvature_of_offsets: far from 0 coordinates are coarse.
            rounding = near * p * (eps * points[part].abs().amax(1)).square()
            axes = local_frames(offsets, count, tangent_dim, 'next', rounding)
            # For the fewest tangents: beyond the rank directions are 0.
            least = local_frames(offsets, count, 1, 'smallest', rounding)
            along = torch.cat([axes.vectors, least.vectors[..., -1:]], 2)
            parts.append((offsets @ along, axes.rank))
        self._along = torch.cat([part for part, _ in parts])  # (n, k, m + 2)
        self._rank = torch.cat([rank for _, rank in parts])

    def curvature(self, tangent_dim: int, normal: str, fit: str,
                  ridge: float) -> PointCurvature:
        """Curvature at every point, five tensors (n,).

        Args:
            tangent_dim (int): m, at most that of the constructor.
            normal (str): 'smallest' or 'next'.
            fit (str): 'ridge', 'symmetric' or 'paper'.
            ridge (float): Relative ridge.
        """
        # In order: m tangents of the constructor, the next one, the smallest.
        place = -1 if normal == 'smallest' else tangent_dim
        curved = self._rank > tangent_dim
        height = torch.where(curved[:, None], self._along[..., place], 0)
        local = torch.cat([self._along[..., :tangent_dim], height[..., None]],
                          2)
        return curvature_of_offsets(
            local,
            self._count,
            tangent_dim,
            'next',
            fit,
            ridge,
            unit=self._unit)
