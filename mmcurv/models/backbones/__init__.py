# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .cifar_resnet import CifarResNet

__all__ = ['CifarResNet']
