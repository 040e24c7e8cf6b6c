# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Registers the losses of :mod:`mmcurv.regularization`.

That package works without mmengine; a config builds them from here.
"""
from mmcurv.registry import MODELS
from mmcurv.regularization import CurvatureBalancing, CurvatureRegularization

__all__ = ['CurvatureBalancing', 'CurvatureRegularization']

MODELS.register_module(module=CurvatureBalancing)
MODELS.register_module(module=CurvatureRegularization)
