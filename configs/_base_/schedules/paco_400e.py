# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the PaCo code for CIFAR: 400 epochs at batch 128. Its warm-up tests
# epoch <= 10, counted from 0, so that the eleventh epoch has 1.1 of the rate;
# its drops test epoch > 320 and epoch > 360.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4))

param_scheduler = [
    # 0.1, 0.2, ..., 1 of the rate in epochs 1 to 10, and 1.1 in epoch 11.
    dict(type='LinearLR', start_factor=0.1, begin=0, end=10, by_epoch=True),
    dict(type='MultiStepLR', milestones=[10], gamma=1.1),
    dict(type='MultiStepLR', milestones=[11], gamma=1 / 1.1),
    dict(type='MultiStepLR', milestones=[321, 361], gamma=0.1),
]

train_cfg = dict(by_epoch=True, max_epochs=400, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=128, enable=False)
