# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the decoupling code for ImageNet-LT, for batches of 512: 90 epochs,
# the rate on a cosine from epoch to epoch.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.2, momentum=0.9, weight_decay=5e-4))

param_scheduler = [dict(type='CosineAnnealingLR', T_max=90)]

train_cfg = dict(by_epoch=True, max_epochs=90, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=512, enable=False)
