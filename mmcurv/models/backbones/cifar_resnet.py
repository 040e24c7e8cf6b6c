# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The small residual network of the CIFAR literature.

He et al., Deep Residual Learning for Image Recognition, section 4.2, in the
form of the long-tailed recognition code (Cao et al., LDAM, 2019). It is not
mmpretrain's ``ResNet_CIFAR``, which has four stages and 64 channels in the
first.
"""
from typing import Optional, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import nn

from mmcurv.registry import MODELS


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut without parameters (option A).

    Where the block halves the map, the shortcut takes every second pixel and
    pads the missing channels with zeros, half of them on each side.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output, at least ``in_channels``.
        stride (int): Stride of the first convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(
            out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride = stride
        missing = out_channels - in_channels
        self.pad = (missing // 2, missing - missing // 2)

    def shortcut(self, x: torch.Tensor) -> torch.Tensor:
        """Option A, (B, in, H, W) to (B, out, H/stride, W/stride)."""
        if self.stride == 1 and self.pad == (0, 0):
            return x
        x = x[:, :, ::self.stride, ::self.stride]
        return F.pad(x, (0, 0, 0, 0, *self.pad))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, in, H, W) to (B, out, H/stride, W/stride)."""
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x), inplace=True)


@MODELS.register_module()
class CifarResNet(BaseModule):
    """ResNet-20, 32, 44, 56, 110 for images of about 32 x 32.

    A 3 x 3 stem without pooling, then three stages of n basic blocks with 1,
    2 and 4 times ``base_channels`` and strides 1, 2, 2, depth 6n + 2. Under
    ``GlobalAveragePooling`` and a linear layer with bias, depth 32 has
    464,154 parameters for 10 classes and 470,004 for 100.

    Args:
        depth (int): 6n + 2 with n of at least 1. Defaults to 32.
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the first stage. The head gets
            4 times as many. Defaults to 16.
        init_cfg (dict | list[dict], optional): How ``init_weights()`` starts.
            Here it is He's normal initialization (fan in) of the
            convolutions. Give the head
            ``init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear')`` to
            initialize the classifier in the same way, as the original does.
            Defaults to ``dict(type='mmcurv.KaimingWeight', layer='Conv2d')``.

    Raises:
        ValueError: If ``depth`` is not 6n + 2.
    """

    def __init__(
        self,
        depth: int = 32,
        in_channels: int = 3,
        base_channels: int = 16,
        init_cfg: Optional[Union[dict, list]] = dict(
            type='mmcurv.KaimingWeight', layer='Conv2d')
    ) -> None:
        super().__init__(init_cfg)
        if depth < 8 or depth % 6 != 2:
            raise ValueError('depth must be 6n + 2, such as 20, 32, 44, 56 or '
                             f'110, but got {depth}.')
        num_blocks = (depth - 2) // 6
        widths = [base_channels, 2 * base_channels, 4 * base_channels]
        self.conv1 = nn.Conv2d(
            in_channels, base_channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(base_channels)
        self.layer1 = make_stage(base_channels, widths[0], 1, num_blocks)
        self.layer2 = make_stage(widths[0], widths[1], 2, num_blocks)
        self.layer3 = make_stage(widths[1], widths[2], 2, num_blocks)

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor]:
        """Compute the last map.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[torch.Tensor]: One map, (B, 4 * base_channels, H/4, W/4),
            sizes rounded up.
        """
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return (self.layer3(self.layer2(self.layer1(x))), )


def make_stage(in_channels: int, out_channels: int, stride: int,
               num_blocks: int) -> nn.Sequential:
    """``num_blocks`` blocks, the first of which has the stride."""
    blocks = [BasicBlock(in_channels, out_channels, stride)]
    blocks += [
        BasicBlock(out_channels, out_channels, 1)
        for _ in range(num_blocks - 1)
    ]
    return nn.Sequential(*blocks)
