# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS on the bundled subset of Fashion-MNIST.
_base_ = ['../_base_/bundled.py', '../_base_/stages/lws.py']
