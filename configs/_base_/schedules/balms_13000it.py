# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the Balanced Meta-Softmax code, for batches of 512: about 13,000
# iterations. Each config sets max_epochs to the whole number of epochs that
# comes closest.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.5, begin=0, end=800, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=800,
        end=13000,
        T_max=12200,
        by_epoch=False),
]

train_cfg = dict(by_epoch=True, max_epochs=520, val_interval=1)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=512, enable=False)
