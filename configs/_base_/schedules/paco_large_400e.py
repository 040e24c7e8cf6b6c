# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the PaCo code for ImageNet-LT, for batches of 128: 400 epochs. Its
# cosine begins in the last epoch of the warm-up.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=5e-4))

param_scheduler = [
    # 0.1, 0.2, ..., 1 of the rate in epochs 1 to 10.
    dict(type='LinearLR', start_factor=0.1, begin=0, end=10, by_epoch=True),
    dict(type='CosineAnnealingLR', T_max=391, begin=9, end=400, by_epoch=True),
]

train_cfg = dict(by_epoch=True, max_epochs=400, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=128, enable=False)
