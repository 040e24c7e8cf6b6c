# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS with CR on CIFAR-100-LT at imbalance 10.
_base_ = ['./lws_resnet32_cifar100-lt-if10.py', '../_base_/curvature.py']
