# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bn_inception import BNInception, CifarBNInception
from .cifar_forms import (CifarDenseNet, CifarMobileNetV2, CifarResNeXt,
                          CifarSEResNet, CifarShuffleNetV2)
from .cifar_resnet import CifarResNet
from .dual_branch_imagenet_resnet import (DualBranchImageNetResNet,
                                          DualBranchImageNetResNeXt)
from .dual_branch_resnet import DualBranchResNet
from .multi_expert_cifar_resnet import MultiExpertCifarResNet
from .multi_expert_resnet import MultiExpertResNet, MultiExpertResNeXt
from .se_resnet import SEResNet

__all__ = [
    'BNInception', 'CifarBNInception', 'CifarDenseNet', 'CifarMobileNetV2',
    'CifarResNeXt', 'CifarResNet', 'CifarSEResNet', 'CifarShuffleNetV2',
    'DualBranchImageNetResNeXt', 'DualBranchImageNetResNet',
    'DualBranchResNet', 'MultiExpertCifarResNet', 'MultiExpertResNeXt',
    'MultiExpertResNet', 'SEResNet'
]
