# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.registry import MODELS
from mmcurv.regularization import CurvatureBalancing, CurvatureRegularization
from .backbones import (CifarResNet, DualBranchImageNetResNet,
                        DualBranchImageNetResNeXt, DualBranchResNet,
                        MultiExpertCifarResNet, MultiExpertResNet,
                        MultiExpertResNeXt)
from .classifiers import (BBNClassifier, DiVEClassifier, OFAClassifier,
                          PaCoClassifier, RIDEClassifier)
from .heads import (BBNHead, CausalNormHead, DisAlignHead,
                    ExpertAssignmentHead, MBJHead, MultiExpertHead,
                    NormedLinear, NormedLinearHead, NormedMBJHead,
                    PairedLabels, PairedLinearHead, ScaledLinearHead,
                    TauNormHead, TauNormLinear)
from .kaiming_weight import KaimingWeight
from .losses import (BalancedSoftmaxLoss, ClassBalancedLoss,
                     ExpertAssignmentLoss, GCLLoss, GeneralizedReweightingLoss,
                     LabelAwareSmoothingLoss, LADELoss, LDAMLoss, PaCoLoss,
                     RIDELoss, SoftmaxFocalLoss, WeightedCrossEntropyLoss)
from .teacher import Teacher
from .views_preprocessor import ViewsPreprocessor

# Registered here, so that mmcurv.regularization works without mmengine.
MODELS.register_module(module=CurvatureBalancing)
MODELS.register_module(module=CurvatureRegularization)

__all__ = [
    'BBNClassifier', 'BBNHead', 'BalancedSoftmaxLoss', 'CausalNormHead',
    'CifarResNet', 'ClassBalancedLoss', 'CurvatureBalancing',
    'CurvatureRegularization', 'DiVEClassifier', 'DisAlignHead',
    'DualBranchImageNetResNeXt', 'DualBranchImageNetResNet',
    'DualBranchResNet', 'ExpertAssignmentHead', 'ExpertAssignmentLoss',
    'GCLLoss', 'GeneralizedReweightingLoss', 'KaimingWeight', 'LADELoss',
    'LDAMLoss', 'LabelAwareSmoothingLoss', 'MBJHead', 'MultiExpertCifarResNet',
    'MultiExpertHead', 'MultiExpertResNeXt', 'MultiExpertResNet',
    'NormedLinear', 'NormedLinearHead', 'NormedMBJHead', 'OFAClassifier',
    'PaCoClassifier', 'PaCoLoss', 'PairedLabels', 'PairedLinearHead',
    'RIDEClassifier', 'RIDELoss', 'ScaledLinearHead', 'SoftmaxFocalLoss',
    'TauNormHead', 'TauNormLinear', 'Teacher', 'ViewsPreprocessor',
    'WeightedCrossEntropyLoss'
]
