# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_fairness import ClassFairness

__all__ = ['ClassFairness']
