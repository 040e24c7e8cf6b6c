# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.exports import lazy_exports

__getattr__, __all__ = lazy_exports(
    __name__,
    dict(
        backbones=[
            'BNInception', 'CifarBNInception', 'CifarDenseNet',
            'CifarMobileNetV2', 'CifarResNeXt', 'CifarResNet', 'CifarSEResNet',
            'CifarShuffleNetV2', 'DualBranchImageNetResNeXt',
            'DualBranchImageNetResNet', 'DualBranchResNet',
            'MultiExpertCifarResNet', 'MultiExpertResNeXt',
            'MultiExpertResNet', 'SEResNet'
        ],
        batch_augment=[
            'BatchAugmentPreprocessor', 'BatchRandomCrop', 'BatchRandomFlip'
        ],
        classifiers=[
            'BBNClassifier', 'DiVEClassifier', 'OFAClassifier',
            'PaCoClassifier', 'RIDEClassifier', 'Teacher', 'ViewsPreprocessor'
        ],
        curvature_losses=['CurvatureBalancing', 'CurvatureRegularization'],
        heads=[
            'BBNHead', 'CausalNormHead', 'DisAlignHead',
            'ExpertAssignmentHead', 'MBJHead', 'MultiExpertHead',
            'NormedLinear', 'NormedLinearHead', 'PairedLabels',
            'PairedLinearHead', 'ScaledLinearHead', 'TauNormHead',
            'TauNormLinear'
        ],
        hidden_layers=['HiddenLayers'],
        kaiming_weight=['KaimingWeight'],
        losses=[
            'BalancedSoftmaxLoss', 'ClassBalancedLoss', 'ExpertAssignmentLoss',
            'GCLLoss', 'GeneralizedReweightingLoss', 'LADELoss', 'LDAMLoss',
            'LabelAwareSmoothingLoss', 'PaCoLoss', 'RIDELoss',
            'SoftmaxFocalLoss'
        ]))
