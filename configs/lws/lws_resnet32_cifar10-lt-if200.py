# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS on CIFAR-10-LT at imbalance 200.
_base_ = [
    '../ce/ce_resnet32_cifar10-lt-if200.py',
    '../_base_/stages/lws_11e.py',
]
