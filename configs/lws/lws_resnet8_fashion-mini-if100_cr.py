# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS with CR on the bundled subset of Fashion-MNIST.
_base_ = ['./lws_resnet8_fashion-mini-if100.py', '../_base_/curvature_20e.py']
