# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on the bundled subset of Fashion-MNIST.
_base_ = [
    '../gcl/gcl_resnet8_fashion-mini-if100.py', '../_base_/stages/gcl.py'
]
