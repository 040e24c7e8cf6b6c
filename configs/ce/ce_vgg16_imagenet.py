# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with VGG-16 on ImageNet.
_base_ = [
    '../_base_/models/vgg16_224.py',
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

# Without batch normalisation VGG-16 is usually trained at this rate, not at
# the paper's 0.05.
optim_wrapper = dict(optimizer=dict(lr=0.01))
