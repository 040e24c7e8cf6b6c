# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on the bundled subset of Fashion-MNIST.
_base_ = [
    './ride_cmo_resnet8_fashion-mini-if100.py',
    '../_base_/curvature_20e_3experts.py',
]
