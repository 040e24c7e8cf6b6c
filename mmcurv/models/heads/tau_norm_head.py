# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A head with a tau-normalized classifier."""
from mmpretrain.models.heads import LinearClsHead

from mmcurv.registry import MODELS
from .tau_norm_linear import TauNormLinear


@MODELS.register_module()
class TauNormHead(LinearClsHead):
    """mmpretrain's ``LinearClsHead`` with a tau-normalized classifier.

    For a network that was trained with ``LinearClsHead``, whose weights it
    loads; ``mmcurv.TauSearchHook`` chooses tau.

    Args:
        num_classes (int): C.
        in_channels (int): Length of the feature.
        **kwargs: Other arguments of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.TauNormHead', num_classes=10, in_channels=64)
    """

    def __init__(self, num_classes: int, in_channels: int, **kwargs):
        super().__init__(num_classes, in_channels, **kwargs)
        self.fc = TauNormLinear(in_channels, num_classes)
