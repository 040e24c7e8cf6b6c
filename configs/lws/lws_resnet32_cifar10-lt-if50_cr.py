# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS with CR on CIFAR-10-LT at imbalance 50.
_base_ = ['./lws_resnet32_cifar10-lt-if50.py', '../_base_/curvature.py']
