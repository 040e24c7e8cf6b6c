# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# PaCo on iNaturalist 2018, own recipe.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018_two_strong_views.py',
    '../_base_/schedules/paco_large_400e.py',
    '../_base_/large_runtime.py',
]

data_preprocessor = dict(
    # These its code has for iNaturalist.
    mean=[118.83, 120.105, 96.9],
    std=[49.725, 49.47, 48.96])

model = dict(
    type='mmcurv.PaCoClassifier',
    queue_size=8192,
    feature_dim=128,
    momentum=0.999,
    head=dict(
        num_classes=8142,
        loss=dict(type='mmcurv.PaCoLoss', alpha=0.05, temperature=0.2)))
train_dataloader = dict(batch_size=16, drop_last=True)

default_hooks = dict(key_queue=dict(type='mmcurv.KeyQueueHook'))

optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))
