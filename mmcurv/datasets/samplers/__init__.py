# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_aware_sampler import ClassAwareSampler
from .class_probabilities import class_probabilities
from .epoch_sampler import EpochSampler
from .progressive_sampler import ProgressiveSampler
from .switching_sampler import SwitchingSampler
from .tail_partner_sampler import TailPartnerSampler
from .weighted_sampler import WeightedSampler

__all__ = [
    'ClassAwareSampler', 'EpochSampler', 'ProgressiveSampler',
    'SwitchingSampler', 'TailPartnerSampler', 'WeightedSampler',
    'class_probabilities'
]
