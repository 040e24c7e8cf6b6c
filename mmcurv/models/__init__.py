# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.registry import MODELS
from mmcurv.regularization import CurvatureBalancing, CurvatureRegularization
from .backbones import (BNInception, CifarBNInception, CifarDenseNet,
                        CifarMobileNetV2, CifarResNet, CifarResNeXt,
                        CifarSEResNet, CifarShuffleNetV2,
                        DualBranchImageNetResNet, DualBranchImageNetResNeXt,
                        DualBranchResNet, MultiExpertCifarResNet,
                        MultiExpertResNet, MultiExpertResNeXt, SEResNet)
from .classifiers import (BBNClassifier, DiVEClassifier, OFAClassifier,
                          PaCoClassifier, RIDEClassifier)
from .data_preprocessors import (BatchAugmentPreprocessor, BatchCutout,
                                 BatchRandomCrop, BatchRandomFlip,
                                 BatchRandomResizedCrop, BatchRotate)
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
from .necks import HiddenLayers
from .teacher import Teacher
from .views_preprocessor import ViewsPreprocessor

# Registered here, so that mmcurv.regularization works without mmengine.
MODELS.register_module(module=CurvatureBalancing)
MODELS.register_module(module=CurvatureRegularization)

__all__ = [
    'BBNClassifier', 'BBNHead', 'BNInception', 'BalancedSoftmaxLoss',
    'BatchAugmentPreprocessor', 'BatchCutout', 'BatchRandomCrop',
    'BatchRandomFlip', 'BatchRandomResizedCrop', 'BatchRotate',
    'CausalNormHead', 'CifarBNInception', 'CifarDenseNet', 'CifarMobileNetV2',
    'CifarResNeXt', 'CifarResNet', 'CifarSEResNet', 'CifarShuffleNetV2',
    'ClassBalancedLoss', 'CurvatureBalancing', 'CurvatureRegularization',
    'DiVEClassifier', 'DisAlignHead', 'DualBranchImageNetResNeXt',
    'DualBranchImageNetResNet', 'DualBranchResNet', 'ExpertAssignmentHead',
    'ExpertAssignmentLoss', 'GCLLoss', 'GeneralizedReweightingLoss',
    'HiddenLayers', 'KaimingWeight', 'LADELoss', 'LDAMLoss',
    'LabelAwareSmoothingLoss', 'MBJHead', 'MultiExpertCifarResNet',
    'MultiExpertHead', 'MultiExpertResNeXt', 'MultiExpertResNet',
    'NormedLinear', 'NormedLinearHead', 'NormedMBJHead', 'OFAClassifier',
    'PaCoClassifier', 'PaCoLoss', 'PairedLabels', 'PairedLinearHead',
    'RIDEClassifier', 'RIDELoss', 'SEResNet', 'ScaledLinearHead',
    'SoftmaxFocalLoss', 'TauNormHead', 'TauNormLinear', 'Teacher',
    'ViewsPreprocessor', 'WeightedCrossEntropyLoss'
]
