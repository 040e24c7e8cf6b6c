# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.feature_fusion import (class_activation, fuse_maps,
                                          random_gate)


def activation_loop(image, weight):
    """(H, W) lists: channels weighted and summed, then stretched to [0, 1]."""
    channels, height, width = image.shape
    raw = [[
        sum(float(weight[k] * image[k, i, j]) for k in range(channels))
        for j in range(width)
    ] for i in range(height)]
    low, high = min(map(min, raw)), max(map(max, raw))
    return [[(value - low) / (high - low) for value in row] for row in raw]


def test_activation_is_that_of_the_loop():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, 4, 2, 5, generator=generator).double()
    weight = torch.randn(3, 4, generator=generator).double()
    active = class_activation(maps, weight)
    for one, image, row in zip(active.tolist(), maps, weight):
        for ours, theirs in zip(one, activation_loop(image, row)):
            assert ours == pytest.approx(theirs)


def test_activation_of_a_constant_map_is_zero():
    active = class_activation(torch.ones(1, 2, 3, 3), torch.ones(1, 2))
    assert not active.any()


def test_fused_map_has_the_specific_part_here_and_the_generic_part_there():
    tail, head = torch.full((1, 2, 2, 2), 5.), torch.full((1, 2, 2, 2), 7.)
    specific = torch.tensor([[[True, False], [True, True]]])
    generic = torch.tensor([[[True, True], [False, True]]])
    from_tail = torch.tensor([[[True, True], [False, False]]])
    fused = fuse_maps(tail, head, specific, generic, from_tail)
    assert fused.tolist() == [[[[5., 0.], [0., 7.]]] * 2]


def test_gate_is_open_as_often_as_its_uniform_threshold_says():
    torch.manual_seed(0)
    open_share = random_gate(4000, 8, 8, 'cpu').float().mean((1, 2))
    # Of a uniform number: mean 1/2 and variance 1/12, and the noise within.
    assert open_share.mean().item() == pytest.approx(0.5, abs=0.02)
    assert open_share.var().item() == pytest.approx(
        1 / 12 + 1 / 6 / 64, rel=0.05)
