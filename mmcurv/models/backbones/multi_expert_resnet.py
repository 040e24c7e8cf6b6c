# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""ResNet and ResNeXt of several experts, from the blocks of mmpretrain.

Wang et al., *Long-tailed Recognition by Routing Diverse Distribution-Aware
Experts* (RIDE), 2021, in the form of its code.
"""
from typing import List, Tuple

from mmpretrain.models.backbones import ResNet, ResNeXt
from torch import Tensor, nn

from mmcurv.registry import MODELS
from .expert_stages import check_num_experts, make_experts


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
        check_num_experts(num_experts)
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
        self.experts = make_experts(num_experts, ['layer3', 'layer4'],
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
