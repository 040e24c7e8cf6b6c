# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the code of MiSLAS for ImageNet-LT, for batches of 256: 180 epochs,
# the rate on a cosine from epoch to epoch. LADE has half the rate.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4))

param_scheduler = [dict(type='CosineAnnealingLR', T_max=180)]

train_cfg = dict(by_epoch=True, max_epochs=180, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=256, enable=False)
