# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# De-confound-TDE with CR on CIFAR-100-LT at imbalance 100.
_base_ = ['./tde_resnet32_cifar100-lt-if100.py', '../_base_/curvature.py']
