# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE of three experts with CMO and CR on the bundled Fashion-MNIST.
_base_ = ['./ride_cmo_resnet8_fashion-mini-if100.py', '../_base_/curvature.py']
