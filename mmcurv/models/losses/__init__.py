# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .balanced_softmax_loss import BalancedSoftmaxLoss, log_prior
from .base import ClassWeights, CosineLoss, CountedLoss, LongTailedLoss
from .gcl_loss import GCLLoss, gcl_logits, gcl_spread
from .label_aware_smoothing_loss import (LabelAwareSmoothingLoss,
                                         label_smoothing)
from .lade_loss import LADELoss, class_prior, lade_regularizer
from .ldam_loss import LDAMLoss, ldam_margins, minus_margin
from .paco_loss import PaCoLoss, parametric_contrast
from .reweighting import (ClassBalancedLoss, GeneralizedReweightingLoss,
                          SoftmaxFocalLoss, effective_number_weights,
                          inverse_frequency_weights, sigmoid_focal,
                          softmax_focal)
from .ride_loss import (ExpertAssignmentLoss, RIDELoss, class_temperatures,
                        divergence_from_mean, needs_another_expert,
                        prefix_means)

__all__ = [
    'BalancedSoftmaxLoss', 'ClassBalancedLoss', 'ClassWeights', 'CosineLoss',
    'CountedLoss', 'ExpertAssignmentLoss', 'GCLLoss',
    'GeneralizedReweightingLoss', 'LADELoss', 'LDAMLoss',
    'LabelAwareSmoothingLoss', 'LongTailedLoss', 'PaCoLoss', 'RIDELoss',
    'SoftmaxFocalLoss', 'class_prior', 'class_temperatures',
    'divergence_from_mean', 'effective_number_weights', 'gcl_logits',
    'gcl_spread', 'inverse_frequency_weights', 'label_smoothing',
    'lade_regularizer', 'ldam_margins', 'log_prior', 'minus_margin',
    'needs_another_expert', 'parametric_contrast', 'prefix_means',
    'sigmoid_focal', 'softmax_focal'
]
