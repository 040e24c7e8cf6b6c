# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the BBN code for iNaturalist 2018, for batches of 128 and as many
# images of a reversed sampler. It steps its scheduler before each epoch, not
# after it, so that the rate drops one epoch before 120 and 160.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True))

param_scheduler = [
    dict(type='MultiStepLR', milestones=[119, 159], gamma=0.1),
]

train_cfg = dict(by_epoch=True, max_epochs=180, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=128, enable=False)
