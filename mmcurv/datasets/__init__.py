# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_counts import class_counts
from .dataset_labels import dataset_labels
from .fashion_mini import FashionMini
from .fashion_mnist import FashionMNIST
from .long_tailed import LongTailed
from .long_tailed_split import kept_positions, long_tailed_counts
from .samplers import (ClassAwareSampler, ProgressiveSampler, SwitchingSampler,
                       TailPartnerSampler, WeightedSampler)
from .split_fingerprint import split_fingerprint
from .tail_classes import tail_classes

__all__ = [
    'ClassAwareSampler', 'FashionMNIST', 'FashionMini', 'LongTailed',
    'ProgressiveSampler', 'SwitchingSampler', 'TailPartnerSampler',
    'WeightedSampler', 'class_counts', 'dataset_labels', 'kept_positions',
    'long_tailed_counts', 'split_fingerprint', 'tail_classes'
]
