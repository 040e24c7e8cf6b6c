# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with ResNeXt-101 on CIFAR-100.
_base_ = [
    '../_base_/models/resnext101_32.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/paper_cifar100_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(loss=dict(use_soft=True)),
    train_cfg=dict(augments=[
        dict(type='Mixup', alpha=1.0),
        dict(type='CutMix', alpha=1.),
    ]))

train_dataloader = dict(batch_size=64)
