# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bbn import BBNClassifier
from .dive import DiVEClassifier
from .ofa import OFAClassifier
from .paco import PaCoClassifier, ViewsPreprocessor
from .ride import RIDEClassifier
from .teacher import Teacher, distillation_divergence

__all__ = [
    'BBNClassifier', 'DiVEClassifier', 'OFAClassifier', 'PaCoClassifier',
    'RIDEClassifier', 'Teacher', 'ViewsPreprocessor', 'distillation_divergence'
]
