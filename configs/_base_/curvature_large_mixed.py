# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For methods that mix every image with another, see curvature_mixed.py.
_base_ = './curvature_large.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['mixed'] = 'dominant'
