# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT on CIFAR-10-LT at imbalance 10.
_base_ = [
    '../ce/ce_resnet32_cifar10-lt-if10.py',
    '../_base_/stages/crt_22e.py',
]
