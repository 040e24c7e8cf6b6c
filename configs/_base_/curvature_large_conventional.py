# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For networks of two branches, see curvature_conventional.py.
_base_ = './curvature_large.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['layer'] = 'head.conventional'
