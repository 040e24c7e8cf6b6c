# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For networks of four experts, see curvature_4experts.py.
_base_ = './curvature_large.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['layer'] = [f'head.fcs.{k}' for k in range(4)]
