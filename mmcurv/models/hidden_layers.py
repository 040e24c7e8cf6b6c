# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fully connected layers between the last map and the classifier."""
from typing import Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import nn

from mmcurv.registry import MODELS


@MODELS.register_module()
class HiddenLayers(BaseModule):
    """The fully connected layers of a VGG, without its classifier.

    Simonyan & Zisserman, *Very Deep Convolutional Networks for Large-Scale
    Image Recognition*, 2015. mmpretrain's ``VGG`` has them in its backbone
    together with the classifier; in a neck they leave the classifier to any
    head, and the last hidden layer is the input of ``head.fc``. In training
    that input has passed dropout; its rows before that are the input of the
    last module, ``neck.layers.5`` by the defaults.

    Args:
        in_channels (int): Channels of the map. Defaults to 512.
        map_size (int): Height and width of the map; a map of another size is
            pooled to it, so that images of any size fit. Defaults to 7.
        widths (Sequence[int]): Numbers of units, layer by layer. Defaults to
            (4096, 4096).
        dropout (float): Share of units set to 0 in training. Defaults to 0.5.
        init_cfg (dict | list[dict], optional): How ``init_weights()`` starts.
            Defaults to ``dict(type='Normal', layer='Linear', std=0.01)``.

    Examples:
        >>> neck = dict(type='mmcurv.HiddenLayers')
        >>> head = dict(type='LinearClsHead', in_channels=4096)
    """

    def __init__(
        self,
        in_channels: int = 512,
        map_size: int = 7,
        widths: Sequence[int] = (4096, 4096),
        dropout: float = 0.5,
        init_cfg: Optional[Union[dict, list]] = dict(
            type='Normal', layer='Linear', std=0.01)
    ) -> None:
        super().__init__(init_cfg)
        self.pool = nn.AdaptiveAvgPool2d(map_size)
        self.layers = nn.Sequential()
        units = in_channels * map_size**2
        for width in widths:
            self.layers.extend(
                [nn.Linear(units, width),
                 nn.ReLU(),
                 nn.Dropout(dropout)])
            units = width

    def forward(self, x: Tuple[torch.Tensor, ...]) -> Tuple[torch.Tensor]:
        """Compute the last hidden layer.

        Args:
            x (tuple[torch.Tensor]): Maps; the last one, (B, in_channels, H,
                W), is taken.

        Returns:
            tuple[torch.Tensor]: One matrix, (B, widths[-1]).
        """
        return (self.layers(self.pool(x[-1]).flatten(1)), )
