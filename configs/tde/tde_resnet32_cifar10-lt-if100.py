# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# De-confound-TDE on CIFAR-10-LT at imbalance 100, own recipe.
_base_ = [
    '../_base_/models/dual_branch_resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/dual_branch_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.CausalNormHead', num_classes=10, alpha=1., init_cfg=None))
train_dataloader = dict(
    batch_size=256, drop_last=True, dataset=dict(imbalance_factor=100))
