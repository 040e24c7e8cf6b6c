# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The CIFAR ResNet of several experts.

Wang et al., *Long-tailed Recognition by Routing Diverse Distribution-Aware
Experts* (RIDE), 2021, in the form of its code.
"""
from typing import Optional, Tuple, Union

import torch
import torch.nn.functional as F

from mmcurv.registry import MODELS
from .cifar_resnet import CifarResNet, _make_stage
from .expert_stages import check_num_experts, make_experts


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
        check_num_experts(num_experts)
        super().__init__(depth, in_channels, base_channels, init_cfg)
        num_blocks = len(self.layer1)
        del self.layer2, self.layer3  # each expert has its own
        fourths = 3 if reduce_dimension else 4
        widths = [base_channels]
        widths += [times * base_channels * fourths // 4 for times in (2, 4)]
        self.experts = make_experts(
            num_experts, ['layer2', 'layer3'], lambda: [
                _make_stage(*pair, 2, num_blocks)
                for pair in zip(widths, widths[1:])
            ])

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        """Compute the last map of each expert.

        Args:
            x (torch.Tensor): (B, in_channels, H, W) images.

        Returns:
            tuple[torch.Tensor]: K maps, (B, 3 * base_channels, H/4, W/4),
            sizes rounded up; 4 * base_channels if not reduced.
        """
        x = self.layer1(F.relu(self.bn1(self.conv1(x)), inplace=True))
        if x.device.type == 'cpu':
            # 24 and 48 channels waste its vector units in the usual layout:
            # a training step of 4 experts takes a fifth less time.
            x = x.contiguous(memory_format=torch.channels_last)
        return tuple(expert(x) for expert in self.experts)
