# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Hooks that mix images, called as a Runner calls them."""
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.registry import MODELS
from mmpretrain.structures import DataSample
from torch.utils.data import DataLoader, Dataset

from tests.engine.image_run import image_classifier

COUNTS = (60, 20, 4)
LABELS = np.repeat(np.arange(3), COUNTS)
SIDE = 8


class NumberedImages(Dataset):
    """Image i is filled with the number i, (1, 8, 8) uint8.

    Images and samples are the same objects each time, as without any
    transform.
    """

    def __init__(self):
        self.images = torch.arange(len(LABELS), dtype=torch.uint8)
        self.images = self.images.reshape(-1, 1, 1, 1).repeat(1, 1, SIDE, SIDE)
        self.samples = [DataSample().set_gt_label(int(c)) for c in LABELS]

    def get_gt_labels(self):
        return LABELS

    def __len__(self):
        return len(LABELS)

    def __getitem__(self, index):
        return dict(
            inputs=self.images[index], data_samples=self.samples[index])


class FakeRunner(SimpleNamespace):
    """What the hooks ask of a Runner that trains for 200 epochs."""

    def __init__(self, hook=None, stacked=True, num_workers=0, seed=0):
        loader = DataLoader(
            NumberedImages(),
            batch_size=16,
            num_workers=num_workers,
            collate_fn=default_collate if stacked else pseudo_collate)
        super().__init__(
            hooks=[hook],
            seed=seed,
            iter=0,
            epoch=4,
            max_epochs=200,
            train_loop=None,
            train_dataloader=loader,
            model=paired_classifier())


def paired_classifier(head='mmcurv.PairedLinearHead', **preprocessor):
    """A small ImageClassifier whose head takes pairs."""
    config = image_classifier(head=dict(type=head))
    preprocessor = dict(
        dict(type='ClsDataPreprocessor', num_classes=3), **preprocessor)
    return MODELS.build(
        dict(config, _scope_='mmpretrain', data_preprocessor=preprocessor))


def started(hook, **options):
    """A runner whose hook is ready to mix."""
    runner = FakeRunner(hook, **options)
    hook.before_train(runner)
    return runner


def batches(hook, runner, times):
    """Yield batches of some epochs after the hook has seen them."""
    for _ in range(times):
        for index, batch in enumerate(runner.train_dataloader):
            hook.before_train_iter(runner, index, batch)
            yield batch
            runner.iter += 1
        hook.after_train_epoch(runner)
        runner.epoch += 1


def pairs_of(batch):
    """Labels of the main and of the other images, and the share, or None."""
    samples = batch['data_samples']
    if 'paired_share' not in samples[0]:
        return None
    return ([int(sample.gt_label) for sample in samples],
            [int(sample.paired_label)
             for sample in samples], samples[0].paired_share)
