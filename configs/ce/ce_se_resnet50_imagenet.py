# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with SE-ResNet-50 on ImageNet.
_base_ = [
    '../_base_/models/se_resnet50_224.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/paper_imagenet_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(loss=dict(use_soft=True)),
    train_cfg=dict(augments=[
        dict(type='Mixup', alpha=0.2),
        dict(type='CutMix', alpha=1.),
    ]))
