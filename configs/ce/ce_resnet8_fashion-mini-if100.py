# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'
