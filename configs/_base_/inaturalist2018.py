# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# What the methods have in common on iNaturalist 2018: 437,513 training images
# of 8,142 classes, evaluated on the 24,426 images of its validation, which
# published results call its test; ResNet-50 and the recipe of the paper.
# "tools/prepare_data.py inaturalist2018" says where lists and images belong.
_base_ = ['./recipes/inaturalist2018_200e.py', './default_runtime.py']

network_size = 224
curvature_file = 'configs/_base_/curvature_large.py'

data_preprocessor = dict(num_classes=8142, to_rgb=True)  # read as BGR

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmcurv.INaturalist2018',
        data_root='data/inaturalist2018',
        split='train'))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmcurv.INaturalist2018',
        data_root='data/inaturalist2018',
        split='val',
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
    backbone=dict(type='ResNet', depth=50, zero_init_residual=False),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=2048,
        num_classes=8142,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=None))

# Epochs are long, and the geometry in the record of a run is that of up to 500
# images of each class.
default_hooks = dict(
    logger=dict(interval=100),
    checkpoint=dict(interval=5),
    geometry=dict(max_per_class=500))

env_cfg = dict(cudnn_benchmark=True)
