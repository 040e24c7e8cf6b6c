# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Balanced softmax with CR on class folders of CIFAR-100 at imbalance 50,
# common recipe.
_base_ = [
    './balanced_softmax_resnet32_cifar100-folder-if50_common.py',
    '../_base_/curvature.py',
]
