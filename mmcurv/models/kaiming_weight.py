# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""He's normal initialization of weights that leaves biases alone.

mmengine's ``Kaiming`` also fills the bias with a constant; the long-tailed
recognition code initializes weights only, so that a classifier's bias starts
from PyTorch's small uniform values.
"""
from typing import List, Union

from mmengine.model import update_init_info
from mmengine.model.weight_init import BaseInit
from torch import nn

from mmcurv.registry import WEIGHT_INITIALIZERS


@WEIGHT_INITIALIZERS.register_module()
class KaimingWeight(BaseInit):
    """``torch.nn.init.kaiming_normal_`` with its default arguments.

    That is, fan in and a gain of sqrt(2): standard deviation
    sqrt(2 / fan_in).

    Args:
        layer (str | list[str]): Names of the layer classes to initialize.

    Examples:
        >>> head = dict(
        ...     type='LinearClsHead',
        ...     num_classes=10,
        ...     in_channels=64,
        ...     init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear'))
    """

    def __init__(self, layer: Union[str, List[str]]):
        super().__init__(layer=layer)

    def __call__(self, module: nn.Module) -> None:
        """Initialize the weights of the named layers under ``module``."""
        for child in module.modules():
            names = {base.__name__ for base in type(child).__mro__}
            if self.wholemodule or names & set(self.layer):
                weight = getattr(child, 'weight', None)
                if weight is not None:
                    nn.init.kaiming_normal_(weight)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())

    def _get_init_info(self) -> str:
        return f'{type(self).__name__}: normal, fan_in, bias as it was'
