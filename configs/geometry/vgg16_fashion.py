# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 7 and 10 with VGG-16 on Fashion-MNIST.
_base_ = [
    '../_base_/models/vgg16_32.py',
    '../_base_/datasets/fashion.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]

# Three numbers against one gray channel: the preprocessor's broadcasting makes
# the three equal channels that mmpretrain's VGG expects.
data_preprocessor = dict(mean=[72.940] * 3, std=[90.021] * 3)

model = dict(head=dict(num_classes=10))
