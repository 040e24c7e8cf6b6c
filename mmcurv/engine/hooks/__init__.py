# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_counts_hook import ClassCountsHook

__all__ = ['ClassCountsHook']
