# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.registry import MODELS
from mmcurv.regularization import CurvatureBalancing, CurvatureRegularization
from .backbones import (BNInception, CifarBNInception, CifarDenseNet,
                        CifarMobileNetV2, CifarResNet, CifarResNeXt,
                        CifarSEResNet, CifarShuffleNetV2,
                        DualBranchImageNetResNet, DualBranchImageNetResNeXt,
                        DualBranchResNet, MultiExpertCifarResNet,
                        MultiExpertResNet, MultiExpertResNeXt, SEResNet)
from .batch_augment import (BatchAugmentPreprocessor, BatchRandomCrop,
                            BatchRandomFlip)
from .classifiers import (BBNClassifier, DiVEClassifier, OFAClassifier,
                          PaCoClassifier, RIDEClassifier, Teacher,
                          ViewsPreprocessor)
from .heads import (BBNHead, CausalNormHead, DisAlignHead,
                    ExpertAssignmentHead, MBJHead, MultiExpertHead,
                    NormedLinear, NormedLinearHead, PairedLabels,
                    PairedLinearHead, ScaledLinearHead, TauNormHead,
                    TauNormLinear)
from .hidden_layers import HiddenLayers
from .kaiming_weight import KaimingWeight
from .losses import (BalancedSoftmaxLoss, ClassBalancedLoss,
                     ExpertAssignmentLoss, GCLLoss, GeneralizedReweightingLoss,
                     LabelAwareSmoothingLoss, LADELoss, LDAMLoss, PaCoLoss,
                     RIDELoss, SoftmaxFocalLoss)

# Registered here, so that mmcurv.regularization works without mmengine.
MODELS.register_module(module=CurvatureBalancing)
MODELS.register_module(module=CurvatureRegularization)

__all__ = [
    'BBNClassifier', 'BBNHead', 'BNInception', 'BalancedSoftmaxLoss',
    'BatchAugmentPreprocessor', 'BatchRandomCrop', 'BatchRandomFlip',
    'CausalNormHead', 'CifarBNInception', 'CifarDenseNet', 'CifarMobileNetV2',
    'CifarResNeXt', 'CifarResNet', 'CifarSEResNet', 'CifarShuffleNetV2',
    'ClassBalancedLoss', 'CurvatureBalancing', 'CurvatureRegularization',
    'DiVEClassifier', 'DisAlignHead', 'DualBranchImageNetResNeXt',
    'DualBranchImageNetResNet', 'DualBranchResNet', 'ExpertAssignmentHead',
    'ExpertAssignmentLoss', 'GCLLoss', 'GeneralizedReweightingLoss',
    'HiddenLayers', 'KaimingWeight', 'LADELoss', 'LDAMLoss',
    'LabelAwareSmoothingLoss', 'MBJHead', 'MultiExpertCifarResNet',
    'MultiExpertHead', 'MultiExpertResNeXt', 'MultiExpertResNet',
    'NormedLinear', 'NormedLinearHead', 'OFAClassifier', 'PaCoClassifier',
    'PaCoLoss', 'PairedLabels', 'PairedLinearHead', 'RIDEClassifier',
    'RIDELoss', 'SEResNet', 'ScaledLinearHead', 'SoftmaxFocalLoss',
    'TauNormHead', 'TauNormLinear', 'Teacher', 'ViewsPreprocessor'
]
