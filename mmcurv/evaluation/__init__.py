# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_fairness import ClassFairness
from .experts_used import ExpertsUsed

__all__ = ['ClassFairness', 'ExpertsUsed']
