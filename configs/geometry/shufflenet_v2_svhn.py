# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 4, 6, 8, 9 and 11 with ShuffleNetV2 on SVHN.
_base_ = [
    '../_base_/models/shufflenet_v2_32.py',
    '../_base_/datasets/svhn.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]

model = dict(head=dict(num_classes=10))
