# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.exports import lazy_exports

__getattr__, __all__ = lazy_exports(
    __name__,
    dict(
        in_memory=['InMemoryDataset', 'image_batch_collate'],
        labels=['class_counts', 'dataset_labels', 'split_fingerprint'],
        lists=['INaturalist2018', 'ImageNetLT', 'ListedImages'],
        long_tailed=['LongTailed', 'kept_positions', 'long_tailed_counts'],
        samplers=[
            'ClassAwareSampler', 'TailPartnerSampler', 'WeightedSampler',
            'tail_classes'
        ],
        small=['FashionMNIST', 'FashionMini', 'SVHN'],
        transforms=['ClippedCutout']))
