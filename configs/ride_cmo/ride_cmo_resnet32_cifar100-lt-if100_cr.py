# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE of three experts with CMO with CR on CIFAR-100-LT at imbalance 100.
_base_ = ['./ride_cmo_resnet32_cifar100-lt-if100.py', '../_base_/curvature.py']
