# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .cifar_resnet import CifarResNet
from .dual_branch_resnet import DualBranchResNet

__all__ = ['CifarResNet', 'DualBranchResNet']
