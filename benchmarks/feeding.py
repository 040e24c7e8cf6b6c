# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images per second of the stock pipeline and of batches from memory.

On one core, from the sampler to the normalized batch: shuffled batches of
128, padded by 4, cropped and flipped. The stock feeding is measured with both
collate functions of mmengine; the ratio is against the faster one. Images
are noise, in the arrays that the data sets have. The programs take turns, and
each has its fastest pass of several.
"""
import time

import numpy as np
import torch
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import MODELS
from mmpretrain.utils import register_all_modules

IMAGES, BATCH, ROUNDS = 3840, 128, 5
SHAPES = {'28 x 28 gray': (28, 28), '32 x 32 RGB': (32, 32, 3)}
AIMS = {'28 x 28 gray': 5, '32 x 32 RGB': 2.5}
PACK = dict(type='PackInputs')


@DATASETS.register_module()
class NoisePictures(BaseDataset):
    """Random uint8 images of one shape, in ten classes."""

    def __init__(self, shape, pipeline):
        self.shape = tuple(shape)
        super().__init__(ann_file='', pipeline=pipeline)

    def load_data_list(self):
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (IMAGES, *self.shape), np.uint8)
        return [
            dict(img=image, gt_label=i % 10) for i, image in enumerate(images)
        ]


def loader(dataset, collate):
    return Runner.build_dataloader(
        dict(
            batch_size=BATCH,
            num_workers=0,
            collate_fn=dict(type=collate),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dataset),
        seed=0)


def stock(shape, collate):
    """Loader and preprocessor of a config with a pipeline."""
    pipeline = [
        dict(type='RandomCrop', crop_size=shape[0], padding=4),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'), PACK
    ]
    dataset = dict(type='NoisePictures', shape=shape, pipeline=pipeline)
    return loader(dataset, collate), preprocessor(shape, 'ClsDataPreprocessor')


def ours(shape):
    """Loader and preprocessor of a config that feeds from memory."""
    dataset = dict(
        type='mmcurv.InMemoryDataset',
        dataset=dict(type='NoisePictures', shape=shape, pipeline=[PACK]))
    augment = [
        dict(type='BatchRandomCrop', crop_size=shape[0], padding=4),
        dict(type='BatchRandomFlip', prob=0.5),
    ]
    return loader(dataset, 'mmcurv.image_batch_collate'), preprocessor(
        shape, 'mmcurv.BatchAugmentPreprocessor', augment=augment)


def preprocessor(shape, kind, **options):
    channels = shape[2] if len(shape) == 3 else 1
    return MODELS.build(
        dict(
            type=kind,
            num_classes=10,
            mean=[125.] * channels,
            std=[60.] * channels,
            **options))


def seconds(feeding):
    """Of one pass over all images."""
    batches, preprocess = feeding
    seen = 0
    started = time.perf_counter()
    for batch in batches:
        seen += len(preprocess(batch, training=True)['inputs'])
    spent = time.perf_counter() - started
    assert seen == IMAGES
    return spent


def measure(shape):
    feedings = dict(
        stock=stock(shape, 'default_collate'),
        stock_pseudo_collate=stock(shape, 'pseudo_collate'),
        ours=ours(shape))
    times = {name: [] for name in feedings}
    for _ in range(ROUNDS + 1):
        for name, feeding in feedings.items():
            times[name].append(seconds(feeding))
    # The first pass warms up.
    return {name: min(spent[1:]) for name, spent in times.items()}


def rows():
    """One run, in the form of run.py."""
    torch.set_num_threads(1)
    register_all_modules(init_default_scope=False)
    init_default_scope('mmpretrain')
    found = []
    for name, shape in SHAPES.items():
        spent = measure(shape)
        found.append(
            dict(
                what=f'{name} images, padded, cropped, flipped and '
                'normalized, from memory on one core',
                against="mmpretrain's pipeline",
                value=min(spent['stock'], spent['stock_pseudo_collate']) /
                spent['ours'],
                unit='times as fast',
                at_least=AIMS[name]))
    return found
