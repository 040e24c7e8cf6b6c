# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.geometry.quadric import FITS, fit_quadric


def bowl(n=2, k=8):
    generator = torch.Generator().manual_seed(0)
    tangent = torch.randn(n, k, 2, generator=generator, dtype=torch.float64)
    return tangent, tangent.square().sum(2) / 2


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_point_with_unusable_coordinates_is_nan_and_spares_the_others(value):
    """A training that diverges must not end in an eigenvalue routine."""
    tangent, height = bowl()
    tangent[0, 3, 1] = value
    hessian, _, condition = fit_quadric(tangent, height, 'ridge', 0.)
    assert torch.isnan(hessian[0]).all() and torch.isnan(condition[0])
    assert torch.allclose(hessian[1], torch.eye(2, dtype=torch.float64))
    assert torch.isfinite(condition[1])


@pytest.mark.parametrize('fit', FITS)
def test_condition_is_the_ratio_of_the_singular_values_of_the_design(fit):
    tangent, height = bowl(n=1)
    x, y = tangent[0].T
    design = torch.stack([x * x / 2, x * y / math.sqrt(2), y * y / 2], 1)
    values = torch.linalg.svdvals(design)
    condition = fit_quadric(tangent, height, fit, 1e-4)[2]
    assert condition[0].item() == pytest.approx(values[0] / values[-1])
