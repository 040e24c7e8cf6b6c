# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.registry import MODELS
from mmcurv.regularization import CurvatureBalancing, CurvatureRegularization
from .backbones import CifarResNet
from .kaiming_weight import KaimingWeight

# Registered here, so that mmcurv.regularization works without mmengine.
MODELS.register_module(module=CurvatureBalancing)
MODELS.register_module(module=CurvatureRegularization)

__all__ = [
    'CifarResNet', 'CurvatureBalancing', 'CurvatureRegularization',
    'KaimingWeight'
]
