# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# What the real runs share: ResNet-18, whose schedule ends with the training,
# over configs/geometry. Each step's own loss is logged, so that the mean of an
# epoch is that of all of its steps.
_base_ = '../../configs/geometry/resnet18_cifar10.py'

default_hooks = dict(
    logger=dict(interval=1),
    geometry=dict(interval=None, max_per_class=None, at_start=False))
log_processor = dict(window_size=1)
