# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-18 on 400 images of each class of Fashion-MNIST, fed from memory, for
# three epochs.
_base_ = './fashion_in_memory.py'

model = dict(backbone=dict(in_channels=1))
# Half of the usual batch: three epochs have few steps.
train_dataloader = dict(
    batch_size=64,
    dataset=dict(dataset=dict(imbalance_factor=1, max_count=400)))

# The last epoch alone is evaluated.
train_cfg = dict(max_epochs=3, val_interval=3)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=3, T_max=2)
