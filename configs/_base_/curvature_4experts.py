# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For networks of four experts: CR takes the feature of each expert, into a
# pool of its own, and adds the mean of their terms.
_base_ = './curvature.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['layer'] = [f'head.fcs.{k}' for k in range(4)]
