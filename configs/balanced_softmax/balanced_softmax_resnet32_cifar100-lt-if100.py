# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Balanced softmax on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    '../_base_/cifar100_lt.py', '../_base_/recipes/auto_augment_cutout.py'
]

model = dict(
    head=dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss'), init_cfg=None))

# Recipe of the Balanced Meta-Softmax code, for batches of 512. It makes 13,000
# steps and a warm-up of 800 into whole epochs, as if the last incomplete batch
# trained, and leaves that out: 591 epochs of 21 steps at imbalance 100. The
# rate changes with the epoch, and is 0 in the last one.
train_dataloader = dict(
    batch_size=512,
    drop_last=True,
    dataset=dict(dataset=dict(pipeline=_base_.strong_pipeline)))

optim_wrapper = dict(optimizer=dict(weight_decay=5e-4))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.5, begin=0, end=37, by_epoch=True),
    # It begins in the last epoch of the warm-up.
    dict(type='CosineAnnealingLR', T_max=554, begin=36, end=591),
]

train_cfg = dict(max_epochs=591)

auto_scale_lr = dict(base_batch_size=512)

recipe_of = [
    dict(
        classes=classes,
        imbalance_factor=factor,
        changes={
            'train_cfg.max_epochs':
            epochs,
            'param_scheduler.0.end':
            warm,
            'param_scheduler.1':
            dict(T_max=epochs - warm, begin=warm - 1, end=epochs)
        })
    for classes, factor, epochs, warm in ((100, 10, 334, 21), (100, 50, 520,
                                                               32), (100, 200,
                                                                     685, 43),
                                          (10, 10, 325, 20), (10, 50, 465, 29),
                                          (10, 100, 520, 32), (10, 200, 591,
                                                               37))
]
