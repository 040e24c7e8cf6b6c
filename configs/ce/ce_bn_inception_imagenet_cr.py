# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with BN-Inception and CR on ImageNet.
_base_ = [
    './ce_bn_inception_imagenet.py',
    '../_base_/curvature_large_mixed.py',
]
