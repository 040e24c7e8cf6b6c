# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .balanced_softmax_loss import BalancedSoftmaxLoss, log_prior
from .class_balanced_loss import ClassBalancedLoss, sigmoid_focal
from .class_weights import ClassWeights
from .counted_loss import CountedLoss
from .distillation import distillation_divergence
from .effective_number_weights import effective_number_weights
from .expert_assignment_loss import (ExpertAssignmentLoss,
                                     needs_another_expert, prefix_means)
from .focal_loss import SoftmaxFocalLoss, softmax_focal
from .gcl_loss import GCLLoss, gcl_logits, gcl_spread
from .generalized_reweighting_loss import (GeneralizedReweightingLoss,
                                           inverse_frequency_weights)
from .label_aware_smoothing_loss import (LabelAwareSmoothingLoss,
                                         label_smoothing)
from .lade_loss import LADELoss, class_prior, lade_regularizer
from .ldam_loss import LDAMLoss, ldam_margins, minus_margin
from .long_tailed_loss import LongTailedLoss
from .paco_loss import PaCoLoss, parametric_contrast
from .ride_loss import RIDELoss, class_temperatures, divergence_from_mean
from .weighted_cross_entropy_loss import WeightedCrossEntropyLoss

__all__ = [
    'BalancedSoftmaxLoss', 'ClassBalancedLoss', 'ClassWeights', 'CountedLoss',
    'ExpertAssignmentLoss', 'GCLLoss', 'GeneralizedReweightingLoss',
    'LADELoss', 'LDAMLoss', 'LabelAwareSmoothingLoss', 'LongTailedLoss',
    'PaCoLoss', 'RIDELoss', 'SoftmaxFocalLoss', 'WeightedCrossEntropyLoss',
    'class_prior', 'class_temperatures', 'distillation_divergence',
    'divergence_from_mean', 'effective_number_weights', 'gcl_logits',
    'gcl_spread', 'inverse_frequency_weights', 'label_smoothing',
    'lade_regularizer', 'ldam_margins', 'log_prior', 'minus_margin',
    'needs_another_expert', 'parametric_contrast', 'prefix_means',
    'sigmoid_focal', 'softmax_focal'
]
