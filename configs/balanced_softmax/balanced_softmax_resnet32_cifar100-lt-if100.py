# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Balanced softmax on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    '../_base_/cifar100_lt.py', '../_base_/recipes/auto_augment_cutout.py'
]

model = dict(head=dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss')))

# Recipe of the Balanced Meta-Softmax code: batches of 512, about 13,000
# iterations; the number of epochs is the whole one that comes closest.
train_dataloader = dict(
    batch_size=512,
    dataset=dict(dataset=dict(pipeline=_base_.strong_pipeline)))

optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.5, begin=0, end=800, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=800,
        end=13000,
        T_max=12200,
        by_epoch=False),
]

train_cfg = dict(max_epochs=591)

auto_scale_lr = dict(base_batch_size=512)

recipe_of = [
    dict(
        classes=classes,
        imbalance_factor=factor,
        changes={'train_cfg.max_epochs': epochs})
    for classes, factor, epochs in ((100, 10, 333), (100, 50, 520),
                                    (100, 200, 684), (10, 10, 325),
                                    (10, 50, 464), (10, 100, 520), (10, 200,
                                                                    591))
]
