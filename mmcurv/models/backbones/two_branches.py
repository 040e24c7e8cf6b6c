# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Residual networks whose last block exists twice, side by side.

Zhou et al., BBN: Bilateral-Branch Network, 2020. The CIFAR network, under the
name ResNet-32, is also that in the code of Tang et al., De-confound-TDE, 2020,
and of Hong et al., LADE, 2021, which show the same image to both branches.
"""
import copy
from typing import Any, Optional, Tuple, Union

import torch
from mmpretrain.models.backbones import ResNet, ResNeXt
from torch import nn

from mmcurv.registry import MODELS
from .cifar_resnet import BasicBlock, CifarResNet


class TwoBranches:
    """Concatenates the maps of two blocks over one network.

    Stands before the class of the network, whose ``forward`` ends before the
    blocks ``conventional`` and ``rebalancing``. BBN trains each branch with a
    batch of its own: ``conventional(shared(images))`` and
    ``rebalancing(shared(images))`` are the maps of one branch alone.
    """

    def shared(self, x: torch.Tensor) -> torch.Tensor:
        """The map that both branches start from.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            torch.Tensor: The last map of the network without the branches.
        """
        return super().forward(x)[0]

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor]:
        """Compute the last maps of both branches.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[torch.Tensor]: One map, as high and wide as that of
            :meth:`shared`: the channels of the conventional branch, then
            those of the re-balancing one.
        """
        x = self.shared(x)
        return (torch.cat([self.conventional(x), self.rebalancing(x)], 1), )


@MODELS.register_module()
class DualBranchResNet(TwoBranches, CifarResNet):
    """CIFAR ResNet with two last blocks, whose maps are concatenated.

    The stem, the first two stages and all blocks of the third stage but the
    last are shared. Under ``GlobalAveragePooling`` and a linear layer with
    bias, depth 32 has 538,778 parameters for 10 classes and 550,388 for 100;
    the head has ``in_channels=128``.

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


class TwoLastBlocks(TwoBranches):
    """Two blocks in the place of the last one of a network of mmpretrain.

    Both start as they are initialised, each with numbers of its own.

    Args:
        depth (int): 50, for example.
        **kwargs: Other arguments of the network; ``out_indices`` stays the
            last stage alone.

    Raises:
        ValueError: If the map of another stage is asked for.
    """

    def __init__(self, depth: int, **kwargs: Any):
        super().__init__(depth, **kwargs)
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


@MODELS.register_module()
class DualBranchImageNetResNet(TwoLastBlocks, ResNet):
    """mmpretrain's ``ResNet`` with two last blocks, see
    :class:`TwoLastBlocks`.

    At depth 50 the last stage has two shared bottlenecks, then one for each
    branch, and the head ``in_channels=4096``.
    """


@MODELS.register_module()
class DualBranchImageNetResNeXt(TwoLastBlocks, ResNeXt):
    """mmpretrain's ``ResNeXt`` with two last blocks, see
    :class:`TwoLastBlocks`.

    Give it ``groups=32`` and ``width_per_group=4``.
    """
