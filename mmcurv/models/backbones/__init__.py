# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .cifar_resnet import CifarResNet
from .dual_branch_imagenet_resnet import (DualBranchImageNetResNet,
                                          DualBranchImageNetResNeXt)
from .dual_branch_resnet import DualBranchResNet
from .multi_expert_cifar_resnet import MultiExpertCifarResNet
from .multi_expert_resnet import MultiExpertResNet, MultiExpertResNeXt

__all__ = [
    'CifarResNet', 'DualBranchImageNetResNeXt', 'DualBranchImageNetResNet',
    'DualBranchResNet', 'MultiExpertCifarResNet', 'MultiExpertResNeXt',
    'MultiExpertResNet'
]
