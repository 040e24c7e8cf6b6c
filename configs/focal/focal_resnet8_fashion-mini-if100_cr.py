# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss with CR on the bundled subset of Fashion-MNIST.
_base_ = ['./focal_resnet8_fashion-mini-if100.py', '../_base_/curvature.py']
