# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# VGG-16 on Fashion-MNIST-LT at imbalance 100, fed from memory, with CR from
# the second of three epochs on.
_base_ = [
    '../../configs/_base_/models/vgg16_32.py',
    '../../configs/_base_/datasets/fashion_lt_in_memory.py',
    '../../configs/_base_/schedules/geometry_30e.py',
    '../../configs/_base_/curvature.py',
    './runtime.py',
]

# Three numbers against one gray channel make three equal channels.
data_preprocessor = dict(mean=[72.940] * 3, std=[90.021] * 3)
model = dict(head=dict(num_classes=10))

train_cfg = dict(max_epochs=3)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=3, T_max=2)

custom_hooks = _base_.custom_hooks
custom_hooks[0]['start_epoch'] = 2
# log_tau(3) = log_100(200), the weight with which the paper's runs end.
custom_hooks[0]['loss']['tau'] = 2.6
