# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.provenance import count_parameters
from mmcurv.models import SEResNet
from mmcurv.models.backbones.se_resnet import SEBasicBlock


def by_hand(block, x):
    """The block with its excitation written out, (B, C, H, W)."""
    out = block.norm2(block.conv2(block.relu(block.norm1(block.conv1(x)))))
    squeezed = out.mean((2, 3))  # (B, C)
    first, second = block.se_layer.conv1.conv, block.se_layer.conv2.conv
    hidden = torch.relu(squeezed @ first.weight[:, :, 0, 0].T + first.bias)
    scale = torch.sigmoid(hidden @ second.weight[:, :, 0, 0].T + second.bias)
    return torch.relu(out * scale[:, :, None, None] + x)


def test_channels_are_weighted_before_the_shortcut():
    torch.manual_seed(0)
    block = SEBasicBlock(32, 32).eval()
    x = torch.randn(3, 32, 6, 6)
    assert block.se_layer.conv1.conv.out_channels == 2
    torch.testing.assert_close(block(x), by_hand(block, x))


def test_input_is_not_changed():
    block, x = SEBasicBlock(16, 16), torch.randn(2, 16, 4, 4)
    kept = x.clone()
    block(x)
    assert torch.equal(x, kept)


@pytest.mark.parametrize('depth, features, published', [
    (18, 512, 11778592),
    (34, 512, 21958868),
    (50, 2048, 28088024),
    (101, 2048, 49326872),
])
def test_parameters_are_the_published_ones(depth, features, published):
    with meta_device():
        model = SEResNet(depth)
    assert count_parameters(model) + (features + 1) * 1000 == published


def test_unknown_depth_is_refused():
    with pytest.raises(KeyError, match='invalid depth 20'):
        SEResNet(20)
