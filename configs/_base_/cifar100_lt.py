# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# What the methods have in common on CIFAR-100-LT: the training set thinned as
# in the published splits (seed 0), the whole test set for the evaluations and
# the final test, ResNet-32, and the recipe of the LDAM code.
_base_ = [
    './models/resnet32_cifar.py',
    './recipes/cifar_200e.py',
    './default_runtime.py',
]

data_preprocessor = dict(
    num_classes=100,
    # Long-tailed repositories normalise both CIFAR sets by these values.
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
    to_rgb=False)  # the images are RGB already

# The images lie in memory, so worker processes would only slow them down.
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmcurv.LongTailed',
        imbalance_factor=100,
        profile='exp',
        seed=0,
        dataset=dict(
            type='CIFAR100', data_root='data/cifar100', split='train')))
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CIFAR100',
        data_root='data/cifar100',
        split='test',
        test_mode=True,
        pipeline=[dict(type='PackInputs')]))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='mmcurv.ClassFairness'),
]
test_evaluator = val_evaluator

model = dict(
    type='ImageClassifier',
    head=dict(
        type='LinearClsHead',
        num_classes=100,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear')))
