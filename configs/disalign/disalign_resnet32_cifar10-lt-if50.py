# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on CIFAR-10-LT at imbalance 50.
_base_ = [
    '../ce/ce_resnet32_cifar10-lt-if50.py',
    '../_base_/stages/disalign_22e.py',
]
