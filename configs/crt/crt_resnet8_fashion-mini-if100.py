# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT on the bundled subset of Fashion-MNIST.
_base_ = ['../_base_/bundled.py', '../_base_/stages/crt.py']
