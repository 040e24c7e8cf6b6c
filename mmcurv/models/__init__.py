# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .backbones import CifarResNet
from .kaiming_weight import KaimingWeight

__all__ = ['CifarResNet', 'KaimingWeight']
