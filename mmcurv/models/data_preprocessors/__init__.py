# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .batch_augment_preprocessor import BatchAugmentPreprocessor
from .batch_crop import BatchRandomCrop
from .batch_cutout import BatchCutout
from .batch_flip import BatchRandomFlip
from .batch_resized_crop import BatchRandomResizedCrop
from .batch_rotate import BatchRotate

__all__ = [
    'BatchAugmentPreprocessor', 'BatchCutout', 'BatchRandomCrop',
    'BatchRandomFlip', 'BatchRandomResizedCrop', 'BatchRotate'
]
