# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# tau-normalization on CIFAR-100-LT at imbalance 50.
_base_ = [
    '../ce/ce_resnet32_cifar100-lt-if50.py',
    '../_base_/stages/tau_norm.py',
]
