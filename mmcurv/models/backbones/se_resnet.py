# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Squeeze-and-excitation ResNets of depth 18 and 34 as well.

Hu et al., *Squeeze-and-Excitation Networks*, 2018. mmpretrain has the depths
of bottleneck blocks only.
"""
from typing import Any

import torch
from mmpretrain.models.backbones import SEResNet as BottleneckSEResNet
from mmpretrain.models.backbones.resnet import BasicBlock
from mmpretrain.models.utils import SELayer

from mmcurv.registry import MODELS


class SEBasicBlock(BasicBlock):
    """Two 3 x 3 convolutions, then a weight for each channel.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        se_ratio (int): The weights come from so many times fewer channels;
            mmpretrain's own layer would not go below 8. Defaults to 16.
        **kwargs: Other arguments of mmpretrain's ``BasicBlock``.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 se_ratio: int = 16,
                 **kwargs: Any):
        super().__init__(in_channels, out_channels, **kwargs)
        self.se_layer = SELayer(
            out_channels, squeeze_channels=out_channels // se_ratio)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, in, H, W) to (B, out, H/stride, W/stride)."""
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.se_layer(self.norm2(self.conv2(out)))
        identity = x if self.downsample is None else self.downsample(x)
        return self.relu(self.drop_path(out) + identity)


@MODELS.register_module()
class SEResNet(BottleneckSEResNet):
    """mmpretrain's ``SEResNet``, and its depths 18 and 34.

    At depth 34 the head gets 512 channels, and with it there are 21,958,868
    parameters for 1000 classes.

    Args:
        depth (int): 18, 34, 50, 101 or 152. Defaults to 34.
        **kwargs: Other arguments of mmpretrain's ``SEResNet``. ``with_cp``
            has no effect at depth 18 and 34.

    Examples:
        >>> backbone = dict(type='mmcurv.SEResNet', depth=34)
    """

    arch_settings = {
        18: (SEBasicBlock, (2, 2, 2, 2)),
        34: (SEBasicBlock, (3, 4, 6, 3)),
        **BottleneckSEResNet.arch_settings
    }

    def __init__(self, depth: int = 34, **kwargs: Any):
        super().__init__(depth, **kwargs)
