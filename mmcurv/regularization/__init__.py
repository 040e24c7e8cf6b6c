# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .curvature_balancing import CurvatureBalancing, balancing_loss
from .curvature_regularization import CurvatureRegularization, curvature_loss
from .feature_pool import FeaturePool
from .pooled_curvature import PooledCurvature
from .schedule import log_schedule

__all__ = [
    'CurvatureBalancing', 'CurvatureRegularization', 'FeaturePool',
    'PooledCurvature', 'balancing_loss', 'curvature_loss', 'log_schedule'
]
