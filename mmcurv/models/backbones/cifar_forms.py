# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Networks of large images, changed for images of about 32 x 32.

What mmpretrain's ``ResNet_CIFAR`` is to its ``ResNet``: the first convolution
is 3 x 3 with stride 1 and no pooling follows it, so that the last map has an
eighth of the image's height and width instead of a thirty-second. Everything
else, and so nearly all parameters, is as it was.
"""
from typing import Any

from mmpretrain.models.backbones import (DenseNet, MobileNetV2, ResNet_CIFAR,
                                         ResNeXt, ShuffleNetV2)
from torch import nn

from mmcurv.registry import MODELS
from .se_resnet import SEResNet


@MODELS.register_module()
class CifarSEResNet(SEResNet, ResNet_CIFAR):
    """:class:`SEResNet` with the stem of ``ResNet_CIFAR``.

    Args:
        depth (int): 18, 34, 50, 101 or 152. Defaults to 34.
        **kwargs: Other arguments of :class:`SEResNet`.
    """

    def __init__(self, depth: int = 34, **kwargs: Any):
        super().__init__(depth, **kwargs)


@MODELS.register_module()
class CifarResNeXt(ResNeXt, ResNet_CIFAR):
    """mmpretrain's ``ResNeXt`` with the stem of its ``ResNet_CIFAR``.

    Args:
        depth (int): 50, 101 or 152. Defaults to 50.
        **kwargs: Other arguments of ``ResNeXt``.
    """

    def __init__(self, depth: int = 50, **kwargs: Any):
        super().__init__(depth, **kwargs)


@MODELS.register_module()
class CifarDenseNet(DenseNet):
    """mmpretrain's ``DenseNet`` with a 3 x 3 stem.

    Args:
        arch (str | dict): '121', '169', '201', '161', or see ``DenseNet``.
            Defaults to '201'.
        in_channels (int): Channels of the image. Defaults to 3.
        **kwargs: Other arguments of ``DenseNet``.
    """

    def __init__(self, arch: str = '201', in_channels: int = 3, **kwargs: Any):
        super().__init__(arch, in_channels, **kwargs)
        _, norm, act, _ = self.stem
        conv = nn.Conv2d(
            in_channels, self.init_channels, 3, padding=1, bias=False)
        self.stem = nn.Sequential(conv, norm, act)


@MODELS.register_module()
class CifarShuffleNetV2(ShuffleNetV2):
    """mmpretrain's ``ShuffleNetV2`` without the halvings of its stem.

    Args:
        widen_factor (float): 0.5, 1, 1.5 or 2. Defaults to 1.0.
        **kwargs: Other arguments of ``ShuffleNetV2``.
    """

    def __init__(self, widen_factor: float = 1.0, **kwargs: Any):
        super().__init__(widen_factor, **kwargs)
        self.conv1.conv.stride = (1, 1)
        self.maxpool = nn.Identity()


@MODELS.register_module()
class CifarMobileNetV2(MobileNetV2):
    """mmpretrain's ``MobileNetV2`` without its first two halvings.

    It has no pooling after the stem; its second stage keeps the size of the
    map instead.

    Args:
        widen_factor (float): Factor of all channels. Defaults to 1.0.
        **kwargs: Other arguments of ``MobileNetV2``.
    """

    arch_settings = [
        row if i != 1 else [*row[:3], 1]
        for i, row in enumerate(MobileNetV2.arch_settings)
    ]

    def __init__(self, widen_factor: float = 1.0, **kwargs: Any):
        super().__init__(widen_factor, **kwargs)
        self.conv1.conv.stride = (1, 1)
