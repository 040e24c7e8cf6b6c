# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the Bag of Tricks code, which has DiVE: 200 epochs at batch 128. It
# steps its scheduler before each epoch, not after it, so that the rate starts
# at 7/15 instead of 1/3 and drops one epoch before 120 and 160.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=2e-4))

param_scheduler = [
    # 7/15, 9/15, 11/15, 13/15, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=7 / 15, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[119, 159], gamma=0.01),
]

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=128, enable=False)
