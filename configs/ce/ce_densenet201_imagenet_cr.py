# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with DenseNet-201 and CR on ImageNet.
_base_ = ['./ce_densenet201_imagenet.py', '../_base_/curvature_large_mixed.py']
