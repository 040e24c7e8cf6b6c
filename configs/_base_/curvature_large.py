# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Curvature Regularization on ImageNet, ImageNet-LT and iNaturalist 2018:
# tau = 120 of 200 epochs, as in the paper. The pool holds half-precision
# numbers, divided among the GPUs by class: of features of 2048 numbers 0.5 GB
# on ImageNet-LT, 1.8 GB on iNaturalist 2018, and 5.2 GB on ImageNet, of all
# GPUs together.
_base_ = './curvature.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['pool'].update(dtype='float16', layout='sharded')
custom_hooks[0]['loss']['tau'] = 120
