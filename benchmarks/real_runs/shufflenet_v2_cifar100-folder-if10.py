# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ShuffleNetV2 on class folders of CIFAR-100 at imbalance 10, decoded once and
# fed from memory, for two epochs.
_base_ = [
    '../../configs/_base_/models/shufflenet_v2_32.py',
    '../../configs/_base_/datasets/cifar100_folder_in_memory.py',
    '../../configs/_base_/schedules/geometry_30e.py',
    './runtime.py',
]

# A quarter of the usual batch: two epochs have few steps.
train_dataloader = dict(
    batch_size=32, dataset=dict(dataset=dict(imbalance_factor=10)))

# The last epoch alone is evaluated, and the geometry measured on few images.
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(geometry=dict(max_per_class=20))
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=2, T_max=1)
