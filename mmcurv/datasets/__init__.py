# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .in_memory import InMemoryDataset, image_batch_collate
from .labels import class_counts, dataset_labels, split_fingerprint
from .lists import ImageNetLT, INaturalist2018, ListedImages
from .long_tailed import LongTailed, kept_positions, long_tailed_counts
from .samplers import (ClassAwareSampler, TailPartnerSampler, WeightedSampler,
                       tail_classes)
from .small import SVHN, FashionMini, FashionMNIST
from .transforms import ClippedCutout

__all__ = [
    'ClassAwareSampler', 'ClippedCutout', 'FashionMNIST', 'FashionMini',
    'INaturalist2018', 'ImageNetLT', 'InMemoryDataset', 'ListedImages',
    'LongTailed', 'SVHN', 'TailPartnerSampler', 'WeightedSampler',
    'class_counts', 'dataset_labels', 'image_batch_collate', 'kept_positions',
    'long_tailed_counts', 'split_fingerprint', 'tail_classes'
]
