# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment on the bundled subset of Fashion-MNIST.
_base_ = [
    '../ride/ride_resnet8_fashion-mini-if100.py',
    '../_base_/stages/ride_ea_1e.py',
]
