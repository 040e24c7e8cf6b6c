# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .feature_pool import FeaturePool
from .gradient_control import GradientControl
from .loss import (CurvatureBalancing, CurvatureRegularization, balancing_loss,
                   curvature_loss, log_schedule)
from .pooled_curvature import PooledCurvature

__all__ = [
    'CurvatureBalancing', 'CurvatureRegularization', 'FeaturePool',
    'GradientControl', 'PooledCurvature', 'balancing_loss', 'curvature_loss',
    'log_schedule'
]
