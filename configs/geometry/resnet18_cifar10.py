# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 4 and 6 to 11 of the paper with ResNet-18 on CIFAR-10: the geometry of
# the class manifolds, measured before training and after every fifth epoch,
# on up to 500 images of each class. Other networks and data come by "--with".
_base_ = '../_base_/cifar100_lt.py'

data_preprocessor = dict(num_classes=10)

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CIFAR10',
        data_root='data/cifar10',
        split='train',
        pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(type='CIFAR10', data_root='data/cifar10'))
test_dataloader = val_dataloader

model = dict(
    backbone=dict(_delete_=True, type='ResNet_CIFAR', depth=18),
    head=dict(
        _delete_=True,
        type='LinearClsHead',
        in_channels=512,
        num_classes=10,
        loss=dict(type='CrossEntropyLoss')))

# As long as the paper trains "all models"; it does not print the schedule of
# its Sections 4 and 5.
optim_wrapper = dict(optimizer=dict(lr=0.05, weight_decay=5e-4))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        begin=0,
        end=1,
        by_epoch=True,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=200,
        T_max=199,
        by_epoch=True,
        convert_to_iter_based=True),
]

default_hooks = dict(
    geometry=dict(interval=5, max_per_class=500, at_start=True))
