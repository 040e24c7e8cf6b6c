# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 4 and 6 with ResNet-34 on SVHN.
_base_ = [
    '../_base_/models/resnet34_32.py',
    '../_base_/datasets/svhn.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]

model = dict(head=dict(num_classes=10))
