# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of a survey's code for LDAM-DRW on ImageNet-LT, for batches of 256:
# x 0.1 at epoch 120 and x 0.01 at epoch 160. LDAM's own code has none.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4))

param_scheduler = [
    # 0.2, 0.4, 0.6, 0.8, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[120, 160], gamma=0.1),
]

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=256, enable=False)
