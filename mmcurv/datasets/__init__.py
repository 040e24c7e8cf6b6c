# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bbn_json import BBNJson
from .class_counts import class_counts
from .dataset_labels import dataset_labels
from .fashion_mini import FashionMini
from .fashion_mnist import FashionMNIST
from .image_batch import image_batch_collate
from .imagenet_lt import ImageNetLT
from .in_memory_dataset import InMemoryDataset
from .inaturalist import INaturalist2018
from .listed_images import ListedImages
from .long_tailed import LongTailed
from .long_tailed_split import kept_positions, long_tailed_counts
from .samplers import (ClassAwareSampler, ProgressiveSampler, SwitchingSampler,
                       TailPartnerSampler, WeightedSampler)
from .split_fingerprint import split_fingerprint
from .svhn import SVHN
from .tail_classes import tail_classes

__all__ = [
    'BBNJson', 'ClassAwareSampler', 'FashionMNIST', 'FashionMini',
    'INaturalist2018', 'ImageNetLT', 'InMemoryDataset', 'ListedImages',
    'LongTailed', 'ProgressiveSampler', 'SVHN', 'SwitchingSampler',
    'TailPartnerSampler', 'WeightedSampler', 'class_counts', 'dataset_labels',
    'image_batch_collate', 'kept_positions', 'long_tailed_counts',
    'split_fingerprint', 'tail_classes'
]
