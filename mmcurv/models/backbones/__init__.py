# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bn_inception import BNInception, CifarBNInception
from .cifar_forms import (CifarDenseNet, CifarMobileNetV2, CifarResNeXt,
                          CifarSEResNet, CifarShuffleNetV2)
from .cifar_resnet import CifarResNet
from .experts import (MultiExpertCifarResNet, MultiExpertResNet,
                      MultiExpertResNeXt)
from .se_resnet import SEResNet
from .two_branches import (DualBranchImageNetResNet, DualBranchImageNetResNeXt,
                           DualBranchResNet)

__all__ = [
    'BNInception', 'CifarBNInception', 'CifarDenseNet', 'CifarMobileNetV2',
    'CifarResNeXt', 'CifarResNet', 'CifarSEResNet', 'CifarShuffleNetV2',
    'DualBranchImageNetResNeXt', 'DualBranchImageNetResNet',
    'DualBranchResNet', 'MultiExpertCifarResNet', 'MultiExpertResNeXt',
    'MultiExpertResNet', 'SEResNet'
]
