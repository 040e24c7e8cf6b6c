# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .hidden_layers import HiddenLayers

__all__ = ['HiddenLayers']
