# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.registry import MODELS
from mmcurv.regularization import CurvatureBalancing, CurvatureRegularization
from .backbones import CifarResNet, DualBranchResNet
from .heads import (CausalNormHead, NormedLinear, NormedLinearHead,
                    PairedLabels, PairedLinearHead)
from .kaiming_weight import KaimingWeight
from .losses import (BalancedSoftmaxLoss, ClassBalancedLoss, GCLLoss, LADELoss,
                     LDAMLoss, SoftmaxFocalLoss, WeightedCrossEntropyLoss)

# Registered here, so that mmcurv.regularization works without mmengine.
MODELS.register_module(module=CurvatureBalancing)
MODELS.register_module(module=CurvatureRegularization)

__all__ = [
    'BalancedSoftmaxLoss', 'CausalNormHead', 'CifarResNet',
    'ClassBalancedLoss', 'CurvatureBalancing', 'CurvatureRegularization',
    'DualBranchResNet', 'GCLLoss', 'KaimingWeight', 'LADELoss', 'LDAMLoss',
    'NormedLinear', 'NormedLinearHead', 'PairedLabels', 'PairedLinearHead',
    'SoftmaxFocalLoss', 'WeightedCrossEntropyLoss'
]
