# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# tau-normalization on CIFAR-10-LT at imbalance 100.
_base_ = [
    '../ce/ce_resnet32_cifar10-lt-if100.py',
    '../_base_/stages/tau_norm.py',
]
