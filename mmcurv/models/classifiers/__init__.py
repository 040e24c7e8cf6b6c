# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bbn_classifier import BBNClassifier
from .dive_classifier import DiVEClassifier
from .ofa_classifier import OFAClassifier
from .paco_classifier import PaCoClassifier, follow
from .ride_classifier import RIDEClassifier

__all__ = [
    'BBNClassifier', 'DiVEClassifier', 'OFAClassifier', 'PaCoClassifier',
    'RIDEClassifier', 'follow'
]
