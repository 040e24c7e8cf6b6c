# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# A run of 90 epochs: tau at three fifths of them, as in the paper on large
# sets.
_base_ = './curvature_large.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['loss']['tau'] = 54
