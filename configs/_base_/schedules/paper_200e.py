# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The recipe that the paper states for ImageNet-LT, for batches of 256; for
# iNaturalist 2018 it is the same with batches of 512. "All models are trained
# for 200 epochs", the rate decays "linearly": to 0, as we read it.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        begin=0,
        end=200,
        by_epoch=True,
        convert_to_iter_based=True),
]

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=256, enable=False)
