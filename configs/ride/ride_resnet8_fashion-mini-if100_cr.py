# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts with CR on the bundled subset of Fashion-MNIST.
_base_ = ['./ride_resnet8_fashion-mini-if100.py', '../_base_/curvature.py']
