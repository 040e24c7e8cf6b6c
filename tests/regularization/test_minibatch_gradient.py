# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.regularization.minibatch_gradient import (ESTIMATED,
                                                      minibatch_gradient)

LABELS = torch.tensor([0, 0, 1, 0])
VALUES = torch.tensor([0.3, -1., 2., math.nan]).double()
LOG_G = torch.tensor([0.5, 1., 2.]).double()


def slope(log_g, reduction):
    values = VALUES.clone().requires_grad_()
    part = minibatch_gradient(values, LABELS, log_g, reduction)
    assert torch.equal(part, torch.zeros(3).double())
    part.sum().backward()
    return values.grad


def test_slope_of_the_mean_is_the_share_of_each_point_over_the_live_ones():
    expected = VALUES - LOG_G[LABELS]
    expected = expected.exp() / torch.tensor([2, 2, 1, 2])
    expected[3] = 0  # undetermined
    torch.testing.assert_close(slope(LOG_G, 'mean'), expected)


def test_slope_of_the_geometric_mean_is_one_over_the_live_points():
    expected = torch.tensor([0.5, 0.5, 1, 0]).double()
    torch.testing.assert_close(slope(LOG_G, 'geometric'), expected)


@pytest.mark.parametrize('value', [math.nan, -math.inf])
@pytest.mark.parametrize('reduction', ESTIMATED)
def test_classes_without_a_curvature_have_no_slope(reduction, value):
    log_g = torch.tensor([value, 1., 2.]).double()
    assert ((slope(log_g, reduction) != 0) == (LABELS == 1)).all()
