# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW with CR on class folders of CIFAR-100 at imbalance 50.
_base_ = [
    './ldam_drw_resnet32_cifar100-folder-if50.py', '../_base_/curvature.py'
]
