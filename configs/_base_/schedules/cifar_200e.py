# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the LDAM code, which the paper follows: 200 epochs at batch 128,
# x 0.01 at epoch 160 and x 0.0001 at epoch 180.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=2e-4))

param_scheduler = [
    # 0.2, 0.4, 0.6, 0.8, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[160, 180], gamma=0.01),
]

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=128, enable=False)
