# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .balanced_softmax_loss import BalancedSoftmaxLoss, log_prior
from .class_balanced_loss import ClassBalancedLoss, sigmoid_focal
from .class_weights import ClassWeights
from .counted_loss import CountedLoss
from .effective_number_weights import effective_number_weights
from .focal_loss import SoftmaxFocalLoss, softmax_focal
from .gcl_loss import GCLLoss, gcl_logits, gcl_spread
from .lade_loss import LADELoss, class_prior, lade_regularizer
from .ldam_loss import LDAMLoss, ldam_margins, minus_margin
from .long_tailed_loss import LongTailedLoss
from .weighted_cross_entropy_loss import WeightedCrossEntropyLoss

__all__ = [
    'BalancedSoftmaxLoss', 'ClassBalancedLoss', 'ClassWeights', 'CountedLoss',
    'GCLLoss', 'LADELoss', 'LDAMLoss', 'LongTailedLoss', 'SoftmaxFocalLoss',
    'WeightedCrossEntropyLoss', 'class_prior', 'effective_number_weights',
    'gcl_logits', 'gcl_spread', 'lade_regularizer', 'ldam_margins',
    'log_prior', 'minus_margin', 'sigmoid_focal', 'softmax_focal'
]
