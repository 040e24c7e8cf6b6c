# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature Regularization and the geometry of class manifolds.

Importing this package imports neither mmengine nor mmpretrain, so that
``mmcurv.geometry`` and ``mmcurv.fairness`` work on arrays alone.
"""
from .version import __version__

__all__ = ['__version__']
