# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For methods that mix every image with another: skipping mixed images would
# leave the pool empty. Each belongs to the class of its larger share.
_base_ = './curvature.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['mixed'] = 'dominant'
