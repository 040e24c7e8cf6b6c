# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""All 70,000 images of Fashion-MNIST through the feeding from memory.

Builds the train and test sets of a shipped config at imbalance 1, holds them
against the pipeline that they replace, and times one epoch from the sampler to
the normalized batch, without a network. Times are of the processor, in one
thread. Writes whole_fashion_mnist.json beside this file.
"""
import gc
import os
import os.path as osp
import time

import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from mmpretrain.utils import register_all_modules

from mmcurv.datasets import class_counts, split_fingerprint
from mmcurv.engine.provenance import code_version, machine, package_versions
from mmcurv.files import write_json

HERE = osp.dirname(osp.abspath(__file__))
RECORD = osp.join(HERE, 'whole_fashion_mnist.json')
CONFIG = 'benchmarks/real_runs/fashion_in_memory.py'
SCHEMA, SCHEMA_VERSION = 'mmcurv.whole_fashion_mnist', 1
COMPARED = 100  # images of each set, spread from the first to the last


def resident():
    """Bytes of memory that this process has."""
    gc.collect()
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def is_the_same(images, preprocess):
    """Whether items and batches are those of the wrapped data set.

    Without augmentation, image by image, down to the normalized pixels.
    """
    plain = images.dataset
    for i in torch.linspace(0, len(plain) - 1, COMPARED).long().tolist():
        ours, item = images[i], plain[i]
        sample, expected = ours['data_samples'], item['data_samples']
        batches = [
            preprocess(
                dict(
                    inputs=one['inputs'][None],
                    data_samples=[one['data_samples']]),
                training=False)['inputs'] for one in (ours, item)
        ]
        if not (torch.equal(ours['inputs'], item['inputs'])
                and torch.equal(*batches)
                and sample.sample_idx == expected.sample_idx == i
                and torch.equal(sample.gt_label, expected.gt_label)):
            return False
    return True


def measure_set(loader, preprocess):
    """Build one set, and what there is to say about it."""
    before, started = resident(), time.process_time()
    images = DATASETS.build(loader.dataset)
    spent = time.process_time() - started
    found = dict(
        images=len(images),
        class_counts=class_counts(images),
        fingerprint=split_fingerprint(images),
        shape=list(images.images.shape),
        build_seconds=spent,
        image_bytes=images.images.numel(),
        resident_bytes_added=resident() - before)
    return images, dict(
        found, same_as_pipeline=is_the_same(images, preprocess))


def measure_epoch(images, loader, preprocess):
    """Seconds of one shuffled and augmented epoch, and images in it."""
    batches = Runner.build_dataloader(dict(loader, dataset=images), seed=0)
    seen, started = 0, time.process_time()
    for batch in batches:
        seen += len(preprocess(batch, training=True)['inputs'])
    spent = time.process_time() - started
    return dict(images=seen, seconds=spent, images_per_second=seen / spent)


def main():
    torch.set_num_threads(1)
    register_all_modules(init_default_scope=False)
    cfg = Config.fromfile(CONFIG)
    init_default_scope(cfg.default_scope)
    cfg.train_dataloader.dataset.dataset.imbalance_factor = 1
    preprocess = MODELS.build(cfg.data_preprocessor)
    train, of_train = measure_set(cfg.train_dataloader, preprocess)
    test, of_test = measure_set(cfg.test_dataloader, preprocess)
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        config=CONFIG,
        train=of_train,
        test=of_test,
        epoch=measure_epoch(train, cfg.train_dataloader, preprocess),
        code=code_version(),
        packages=package_versions(),
        machine=machine())
    write_json(RECORD, record)
    for name in ('train', 'test', 'epoch'):
        print(name, record[name])


if __name__ == '__main__':
    main()
