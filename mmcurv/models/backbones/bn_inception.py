# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Inception with batch normalisation.

Ioffe & Szegedy, *Batch Normalization: Accelerating Deep Network Training by
Reducing Internal Covariate Shift*, 2015, Section 4.2.1 and the table in the
appendix. Departures: the first convolution is a plain one and not a separable
one of depth multiplier 8, as in the networks that were published with
weights; pooling pads by one pixel, so that its maps fit those of the
convolutions beside it whatever the size of the image; there are no side
classifiers. Convolutions have no bias, which batch normalisation would
subtract (Section 3.2); published networks that keep it have 10,016 more
parameters than the 11,285,224 here with 1000 classes.
"""
from typing import Optional, Tuple, Union

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import nn

from mmcurv.registry import MODELS

# Channels of: 1x1; 3x3 reduced, 3x3; double 3x3 reduced, double 3x3; and of
# the projection after pooling. A block without 1x1 halves the map, and passes
# the pooled map on as it is.
BLOCKS = {
    '3a': (64, 64, 64, 64, 96, 'avg', 32),
    '3b': (64, 64, 96, 64, 96, 'avg', 64),
    '3c': (0, 128, 160, 64, 96, 'max', 0),
    '4a': (224, 64, 96, 96, 128, 'avg', 128),
    '4b': (192, 96, 128, 96, 128, 'avg', 128),
    '4c': (160, 128, 160, 128, 160, 'avg', 128),
    '4d': (96, 128, 192, 160, 192, 'avg', 128),
    '4e': (0, 128, 192, 192, 256, 'max', 0),
    '5a': (352, 192, 320, 160, 224, 'avg', 128),
    '5b': (352, 192, 320, 192, 224, 'max', 128),
}


class InceptionBlock(nn.Module):
    """Four paths side by side, whose maps are concatenated.

    Args:
        in_channels (int): Channels of the input.
        one (int): Channels of the 1 x 1 path; 0 for a block that halves the
            map, which has no such path.
        reduced (int): Channels before the 3 x 3 convolution.
        three (int): Channels of the 3 x 3 path.
        double_reduced (int): Channels before the two 3 x 3 convolutions.
        double (int): Channels of their path.
        pool (str): 'avg' or 'max'.
        projected (int): Channels of the pooled path; 0 passes the pooled map
            on.
    """

    def __init__(self, in_channels: int, one: int, reduced: int, three: int,
                 double_reduced: int, double: int, pool: str, projected: int):
        super().__init__()
        stride = 1 if one else 2
        pooling = nn.AvgPool2d if pool == 'avg' else nn.MaxPool2d
        self.paths = nn.ModuleList([
            nn.Sequential(
                _conv(in_channels, reduced, 1), _conv(reduced, three, 3,
                                                      stride)),
            nn.Sequential(
                _conv(in_channels, double_reduced, 1),
                _conv(double_reduced, double, 3),
                _conv(double, double, 3, stride)),
            nn.Sequential(pooling(3, stride, padding=1))
        ])
        if one:
            self.paths.insert(0, _conv(in_channels, one, 1))
        if projected:
            self.paths[-1].append(_conv(in_channels, projected, 1))
        self.out_channels = one + three + double + (projected or in_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, in, H, W) to (B, out, H/stride, W/stride)."""
        return torch.cat([path(x) for path in self.paths], 1)


@MODELS.register_module()
class BNInception(BaseModule):
    """BN-Inception for images of about 224 x 224.

    The head gets 1024 channels. Of the published table, the output sizes of
    blocks 4c and 4d (576) are not the sums of their paths (608); the paths
    are built.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        init_cfg (dict | list[dict], optional): How ``init_weights()`` starts.
            Defaults to ``dict(type='Kaiming', layer='Conv2d')``.
    """

    def __init__(
        self,
        in_channels: int = 3,
        init_cfg: Optional[Union[dict,
                                 list]] = dict(type='Kaiming', layer='Conv2d')
    ) -> None:
        super().__init__(init_cfg)
        self.stem = self.make_stem(in_channels)
        channels, self.blocks = 192, nn.Sequential()
        for name, row in BLOCKS.items():
            block = InceptionBlock(channels, *row)
            self.blocks.add_module(f'inception_{name}', block)
            channels = block.out_channels

    def make_stem(self, in_channels: int) -> nn.Sequential:
        """From the image to 192 channels, an eighth as high and wide."""
        return nn.Sequential(
            _conv(in_channels, 64, 7, 2), nn.MaxPool2d(3, 2, padding=1),
            _conv(64, 64, 1), _conv(64, 192, 3), nn.MaxPool2d(3, 2, padding=1))

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor]:
        """Compute the last map.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[torch.Tensor]: One map, (B, 1024, H/32, W/32), sizes
            rounded up.
        """
        return (self.blocks(self.stem(x)), )


@MODELS.register_module()
class CifarBNInception(BNInception):
    """BN-Inception for images of about 32 x 32.

    As in other networks' forms for such images, the first convolution is
    3 x 3 with stride 1 and no pooling follows it. The last map has an eighth
    of the image's height and width. Arguments as in :class:`BNInception`.
    """

    def make_stem(self, in_channels: int) -> nn.Sequential:
        """From the image to 192 channels, half as high and wide."""
        return nn.Sequential(
            _conv(in_channels, 64, 3), _conv(64, 64, 1), _conv(64, 192, 3),
            nn.MaxPool2d(3, 2, padding=1))


def _conv(in_channels: int,
          out_channels: int,
          size: int,
          stride: int = 1) -> ConvModule:
    """Convolution, batch normalisation, ReLU."""
    return ConvModule(
        in_channels,
        out_channels,
        size,
        stride,
        padding=size // 2,
        norm_cfg=dict(type='BN'))
