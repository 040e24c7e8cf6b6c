# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Residual networks of large images whose last block exists twice.

Zhou et al., BBN: Bilateral-Branch Network, 2020, over mmpretrain's networks.
"""
import copy
from typing import Any, Tuple

import torch
from mmpretrain.models.backbones import ResNet, ResNeXt
from torch import nn

from mmcurv.registry import MODELS


class TwoLastBlocks:
    """Puts two blocks side by side in the place of a network's last one.

    Stands before ``ResNet`` or a class over it. The maps of both blocks are
    concatenated, those of the conventional one first. Both start as they are
    initialised, each with numbers of its own.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        last = self.num_stages - 1
        if tuple(self.out_indices) != (last, ):
            raise ValueError(
                f'expected out_indices=({last}, ), the map after the two '
                f'branches, got {tuple(self.out_indices)}.')
        *shared, block = getattr(self, self.res_layers[-1])
        setattr(self, self.res_layers[-1], nn.Sequential(*shared))
        self.conventional = block
        self.rebalancing = copy.deepcopy(block)
        for module in self.rebalancing.modules():
            if hasattr(module, 'reset_parameters'):
                module.reset_parameters()

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """The map that both branches start from.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            torch.Tensor: (B, 32 * base_channels, H/32, W/32) of a network of
            bottlenecks, sizes rounded up.
        """
        return super().forward(x)[0]

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor]:
        """Compute the last maps of both branches.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[torch.Tensor]: One map, twice as many channels as that of
            :meth:`shared`.
        """
        x = self.shared(x)
        return (torch.cat([self.conventional(x), self.rebalancing(x)], 1), )


@MODELS.register_module()
class DualBranchImageNetResNet(TwoLastBlocks, ResNet):
    """mmpretrain's ``ResNet`` with two last blocks.

    At depth 50 the last stage has two shared bottlenecks, then one for each
    branch, and the head ``in_channels=4096``.

    Args:
        depth (int): 50, for example.
        **kwargs: Other arguments of ``ResNet``; ``out_indices`` stays the last
            stage alone.

    Raises:
        ValueError: If the map of another stage is asked for.
    """

    def __init__(self, depth: int, **kwargs: Any):
        super().__init__(depth, **kwargs)


@MODELS.register_module()
class DualBranchImageNetResNeXt(TwoLastBlocks, ResNeXt):
    """mmpretrain's ``ResNeXt`` with two last blocks.

    Args:
        depth (int): 50, for example, with ``groups=32`` and
            ``width_per_group=4``.
        **kwargs: Other arguments of ``ResNeXt``; ``out_indices`` stays the
            last stage alone.

    Raises:
        ValueError: If the map of another stage is asked for.
    """

    def __init__(self, depth: int, **kwargs: Any):
        super().__init__(depth, **kwargs)
