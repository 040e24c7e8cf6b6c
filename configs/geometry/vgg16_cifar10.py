# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 4, 6, 7 and 10 with VGG-16 on CIFAR-10.
_base_ = [
    '../_base_/models/vgg16_32.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]

model = dict(head=dict(num_classes=10))
