# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE with CR on the bundled subset of Fashion-MNIST.
_base_ = ['./lade_resnet14_fashion-mini-if100.py', '../_base_/curvature.py']
