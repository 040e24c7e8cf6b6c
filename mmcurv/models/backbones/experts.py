# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Residual networks whose last stages exist once per expert.

Wang et al., *Long-tailed Recognition by Routing Diverse Distribution-Aware
Experts* (RIDE), 2021, in the form of its code.
"""
from collections import OrderedDict
from typing import Callable, List, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from mmpretrain.models.backbones import ResNet, ResNeXt
from torch import Tensor, nn

from mmcurv.registry import MODELS
from .cifar_resnet import CifarResNet, make_stage


@MODELS.register_module()
class MultiExpertCifarResNet(CifarResNet):
    """A CIFAR ResNet whose second and third stage exist once per expert.

    Stem and first stage are shared. With a
    :class:`~mmcurv.models.MultiExpertHead` of 100 classes and reduced widths,
    depth 32 has 783,856 parameters for 3 experts and 1,037,200 for 4.

    Args:
        depth (int): 6n + 2 with n of at least 1. Defaults to 32.
        num_experts (int): K, at least 2. Defaults to 3.
        reduce_dimension (bool): Whether the experts' stages have three
            quarters of the usual channels, 1.5 and 3 times
            ``base_channels`` instead of 2 and 4 times. Defaults to True.
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the shared stage, even. Defaults to
            16, where the head has ``in_channels=48``, or 64 if the dimension
            is not reduced.
        init_cfg (dict | list[dict], optional): How ``init_weights()`` starts,
            see :class:`CifarResNet`. Defaults to
            ``dict(type='mmcurv.KaimingWeight', layer='Conv2d')``.

    Raises:
        ValueError: If ``depth`` is not 6n + 2, or there are fewer than two
            experts.

    Examples:
        >>> model = dict(
        ...     backbone=dict(
        ...         type='mmcurv.MultiExpertCifarResNet', num_experts=3),
        ...     head=dict(
        ...         type='mmcurv.MultiExpertHead',
        ...         num_experts=3,
        ...         in_channels=48))
    """

    def __init__(
        self,
        depth: int = 32,
        num_experts: int = 3,
        reduce_dimension: bool = True,
        in_channels: int = 3,
        base_channels: int = 16,
        init_cfg: Optional[Union[dict, list]] = dict(
            type='mmcurv.KaimingWeight', layer='Conv2d')
    ) -> None:
        super().__init__(depth, in_channels, base_channels, init_cfg)
        num_blocks = len(self.layer1)
        del self.layer2, self.layer3  # each expert has its own
        fourths = 3 if reduce_dimension else 4
        widths = [base_channels]
        widths += [times * base_channels * fourths // 4 for times in (2, 4)]
        self.experts = _make_experts(
            num_experts, ['layer2', 'layer3'], lambda: [
                make_stage(*pair, 2, num_blocks)
                for pair in zip(widths, widths[1:])
            ])

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Compute the last map of each expert.

        Args:
            x (Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[Tensor]: K maps, (B, 3 * base_channels, H/4, W/4),
            sizes rounded up; 4 * base_channels if not reduced.
        """
        x = self.layer1(F.relu(self.bn1(self.conv1(x)), inplace=True))
        if x.device.type == 'cpu':
            # 24 and 48 channels waste its vector units in the usual layout:
            # a training step of 4 experts takes a fifth less time.
            x = x.contiguous(memory_format=torch.channels_last)
        return tuple(expert(x) for expert in self.experts)


class ExpertsOfResNet:
    """Gives a ResNet of mmpretrain experts; stands before its class.

    Args:
        depth (int): Of the network, such as 50. Defaults to 50.
        num_experts (int): K, at least 2. Defaults to 3.
        reduce_dimension (bool): Whether the experts' stages have three
            quarters of the usual channels, 192 and 384 planes instead of 256
            and 512. Defaults to True.
        zero_init_residual (bool): See mmpretrain's ``ResNet``; the original
            does not. Defaults to False.
        **kwargs: Other arguments of the network, but not those of its
            stages.

    Raises:
        ValueError: If there are fewer than two experts.
    """

    def __init__(self,
                 depth: int = 50,
                 num_experts: int = 3,
                 reduce_dimension: bool = True,
                 zero_init_residual: bool = False,
                 **kwargs):
        super().__init__(
            depth,
            num_stages=2,  # the shared ones
            strides=(1, 2),
            dilations=(1, 1),
            out_indices=(1, ),
            zero_init_residual=zero_init_residual,
            drop_path_rate=0.,
            **kwargs)
        fourths = 3 if reduce_dimension else 4
        planes = [
            times * self.base_channels * fourths // 4 for times in (4, 8)
        ]
        self.experts = _make_experts(num_experts, ['layer3', 'layer4'],
                                     lambda: self._expert_stages(planes))
        self.feat_dim = planes[-1] * self.expansion

    def _expert_stages(self, planes: List[int]) -> List[nn.Module]:
        stages, in_channels = [], 2 * self.base_channels * self.expansion
        for blocks, width in zip(self.arch_settings[self.depth][1][2:],
                                 planes):
            stages.append(
                self.make_res_layer(
                    block=self.block,
                    num_blocks=blocks,
                    in_channels=in_channels,
                    out_channels=width * self.expansion,
                    expansion=self.expansion,
                    stride=2,
                    dilation=1,
                    style=self.style,
                    avg_down=self.avg_down,
                    with_cp=self.with_cp,
                    conv_cfg=self.conv_cfg,
                    norm_cfg=self.norm_cfg,
                    drop_path_rate=0.))
            in_channels = width * self.expansion
        return stages

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Compute the last map of each expert.

        Args:
            x (Tensor): (B, 3, H, W) images.

        Returns:
            tuple[Tensor]: K maps, (B, p, H/32, W/32), p 1536 with reduced
            dimension and bottleneck blocks.
        """
        shared, = super().forward(x)
        return tuple(expert(shared) for expert in self.experts)


@MODELS.register_module()
class MultiExpertResNet(ExpertsOfResNet, ResNet):
    """A ResNet whose third and fourth stage exist once per expert.

    Stem and first two stages are shared. See :class:`ExpertsOfResNet` for
    the arguments. The head has ``in_channels=1536`` with depth 50.

    Examples:
        >>> backbone = dict(
        ...     type='mmcurv.MultiExpertResNet', depth=50, num_experts=4)
    """


@MODELS.register_module()
class MultiExpertResNeXt(ExpertsOfResNet, ResNeXt):
    """A ResNeXt (32x4d) whose third and fourth stage exist once per expert.

    See :class:`ExpertsOfResNet` for the arguments; ``groups`` and
    ``width_per_group`` are those of mmpretrain's ``ResNeXt``. The head has
    ``in_channels=1536`` with depth 50.

    Examples:
        >>> backbone = dict(
        ...     type='mmcurv.MultiExpertResNeXt', depth=50, num_experts=4)
    """


def _make_experts(num_experts: int, names: List[str],
                  make_stages: Callable[[], List[nn.Module]]) -> nn.ModuleList:
    """K experts, each of its own stages under their usual names."""
    if not isinstance(num_experts, int) or num_experts < 2:
        raise ValueError(
            f'expected num_experts of at least 2, got {num_experts!r}. For '
            'one expert take the plain network, such as '
            "'mmcurv.CifarResNet' or 'ResNet'.")
    return nn.ModuleList(
        nn.Sequential(OrderedDict(zip(names, make_stages())))
        for _ in range(num_experts))
