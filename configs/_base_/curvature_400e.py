# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# A run of 400 epochs: tau at half of them, as in the paper.
_base_ = './curvature.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['loss']['tau'] = 200
