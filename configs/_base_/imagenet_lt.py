# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# What the methods have in common on ImageNet-LT: 115,846 training images of
# 1,000 classes, evaluated on its 50,000 test images, those of ImageNet's
# validation; ResNeXt-50 (32x4d) and the recipe of the paper.
# "tools/prepare_data.py imagenet-lt" says where lists and images belong.
_base_ = ['./recipes/imagenet_lt_200e.py', './default_runtime.py']

network_size = 224
curvature_file = 'configs/_base_/curvature_large.py'

data_preprocessor = dict(
    num_classes=1000,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True)  # files are read as BGR

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmcurv.ImageNetLT', data_root='data/imagenet', split='train'))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmcurv.ImageNetLT',
        data_root='data/imagenet',
        split='test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, edge='short'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ]))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='mmcurv.ClassFairness'),
]
test_evaluator = val_evaluator

model = dict(
    type='ImageClassifier',
    # The last batch norm of a block starts at 1 and the classifier as PyTorch
    # has it, as in nearly all codes of the methods.
    backbone=dict(
        type='ResNeXt',
        depth=50,
        groups=32,
        width_per_group=4,
        zero_init_residual=False),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=2048,
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=None))

# Epochs are long, and the geometry in the record of a run is that of up to 500
# images of each class.
default_hooks = dict(
    logger=dict(interval=100),
    checkpoint=dict(interval=5),
    geometry=dict(max_per_class=500))

env_cfg = dict(cudnn_benchmark=True)
