# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DiVE with CR on the bundled subset of Fashion-MNIST.
_base_ = ['./dive_resnet8_fashion-mini-if100.py', '../_base_/curvature_20e.py']
