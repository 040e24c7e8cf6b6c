# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on iNaturalist 2018, own recipe.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/cosine_90e.py',
    '../_base_/large_runtime.py',
]

model = dict(head=dict(num_classes=8142))

optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))
