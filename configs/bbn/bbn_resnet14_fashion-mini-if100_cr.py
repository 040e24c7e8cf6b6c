# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN with CR on the bundled subset of Fashion-MNIST.
_base_ = ['./bbn_resnet14_fashion-mini-if100.py', '../_base_/curvature.py']
