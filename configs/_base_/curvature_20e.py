# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The paper's weight of the curvature term is log_tau(epoch), with tau at half
# of its 200 epochs, where the weight reaches 1. A run of 20 epochs keeps that
# shape with tau = 10; with tau = 100 it would end at 0.65.
_base_ = './curvature.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['loss']['tau'] = 10
