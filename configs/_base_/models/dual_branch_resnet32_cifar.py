# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The ResNet-32 of the code of De-confound-TDE and LADE: its last block exists
# twice, side by side. Each config sets num_classes.
_base_ = './resnet32_cifar.py'

model = dict(
    backbone=dict(type='mmcurv.DualBranchResNet'), head=dict(in_channels=128))
