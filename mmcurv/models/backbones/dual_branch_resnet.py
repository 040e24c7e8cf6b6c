# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The CIFAR ResNet whose last block exists twice, side by side.

Zhou et al., BBN: Bilateral-Branch Network, 2020. Under the name ResNet-32 it
is also the network in the code of Tang et al., De-confound-TDE, 2020, and of
Hong et al., LADE, 2021, which show the same image to both branches.
"""
from typing import Optional, Tuple, Union

import torch

from mmcurv.registry import MODELS
from .cifar_resnet import BasicBlock, CifarResNet


@MODELS.register_module()
class DualBranchResNet(CifarResNet):
    """CIFAR ResNet with two last blocks, whose maps are concatenated.

    The stem, the first two stages and all blocks of the third stage but the
    last are shared. Under ``GlobalAveragePooling`` and a linear layer with
    bias, depth 32 has 538,778 parameters for 10 classes and 550,388 for 100;
    the head has ``in_channels=128``, the conventional branch first.

    BBN trains each branch with a batch of its own:
    ``conventional(shared(images))`` and ``rebalancing(shared(images))`` are
    the maps of one branch alone, 4 * base_channels wide.

    Args:
        depth (int): 6n + 2 with n of at least 2. Defaults to 32.
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the first stage. The head gets
            8 times as many. Defaults to 16.
        init_cfg (dict | list[dict], optional): How ``init_weights()`` starts,
            see :class:`CifarResNet`. Defaults to
            ``dict(type='mmcurv.KaimingWeight', layer='Conv2d')``.

    Raises:
        ValueError: If ``depth`` is not 6n + 2, or less than 14.
    """

    def __init__(
        self,
        depth: int = 32,
        in_channels: int = 3,
        base_channels: int = 16,
        init_cfg: Optional[Union[dict, list]] = dict(
            type='mmcurv.KaimingWeight', layer='Conv2d')
    ) -> None:
        super().__init__(depth, in_channels, base_channels, init_cfg)
        if depth < 14:
            raise ValueError(
                'depth must be at least 14, so that a block of the third '
                f'stage is left to be shared, but got {depth}.')
        width = 4 * base_channels
        self.layer3 = self.layer3[:-1]
        self.conventional = BasicBlock(width, width, 1)
        self.rebalancing = BasicBlock(width, width, 1)

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """The map that both branches start from.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            torch.Tensor: (B, 4 * base_channels, H/4, W/4), sizes rounded up.
        """
        return super().forward(x)[0]

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor]:
        """Compute the last maps of both branches.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[torch.Tensor]: One map, (B, 8 * base_channels, H/4, W/4):
            the channels of the conventional branch, then those of the
            re-balancing one.
        """
        x = self.shared(x)
        return (torch.cat([self.conventional(x), self.rebalancing(x)], 1), )
