# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, with CR on the bundled subset of Fashion-MNIST.
_base_ = [
    './gcl_stage2_resnet8_fashion-mini-if100.py',
    '../_base_/curvature_20e_mixed.py',
]
