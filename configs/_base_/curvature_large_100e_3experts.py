# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For networks of three experts, see curvature_3experts.py.
_base_ = './curvature_large_100e.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['layer'] = [f'head.fcs.{k}' for k in range(3)]
