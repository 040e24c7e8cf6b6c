# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 7 and 10 with ResNet-18 on Fashion-MNIST.
_base_ = [
    '../_base_/models/resnet18_32.py',
    '../_base_/datasets/fashion.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]

model = dict(backbone=dict(in_channels=1), head=dict(num_classes=10))
