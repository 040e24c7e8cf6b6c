# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT on CIFAR-100-LT at imbalance 100.
_base_ = ['../_base_/cifar100_lt.py', '../_base_/stages/crt.py']
