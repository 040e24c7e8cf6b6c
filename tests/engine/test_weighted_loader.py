# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What test_minority_loader.py does not say of the loader over any weights."""
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmcurv.datasets import long_tailed_counts
from mmcurv.datasets.samplers import class_probabilities
from mmcurv.engine.weighted_loader import WeightedLoader
from tests.engine.paired_run import FakeRunner

# BBN's reversed sampler on CIFAR-10-LT at imbalance 100.
REVERSED = [
    0.00402, 0.00671, 0.01120, 0.01868, 0.03119, 0.05199, 0.08672, 0.14474,
    0.24239, 0.40236
]


class Labels(torch.utils.data.Dataset):
    """Items that are their own labels, as many as CIFAR-10-LT has."""

    def __init__(self):
        counts = long_tailed_counts([5000] * 10, 100)
        self.labels = np.repeat(np.arange(10), counts)

    def get_gt_labels(self):
        return self.labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.labels[index]


def second():
    train = DataLoader(Labels(), batch_size=128, drop_last=True)
    return WeightedLoader(train, 0, 'reversed', 'second_batch', 0, 1)


def test_reversed_draw_has_the_published_probabilities():
    loader = second()
    np.testing.assert_allclose(
        class_probabilities(loader.sampler.counts, loader.sampler.weights),
        REVERSED,
        atol=1e-5)
    drawn = np.concatenate(
        [loader.next_batch(epoch) for epoch in range(2) for _ in range(96)])
    shares = np.bincount(drawn, minlength=10) / len(drawn)
    assert np.abs(shares - REVERSED).max() < 0.015  # 4 standard deviations


def test_epoch_has_as_many_batches_as_that_of_a_loader_that_drops_its_last():
    loader = second()
    assert [len(loader.next_batch(0)) for _ in range(96)] == [128] * 96
    with pytest.raises(StopIteration):
        loader.next_batch(0)


def test_purposes_draw_differently():
    train = FakeRunner().train_dataloader
    drawn = [
        WeightedLoader(train, 0, 'balanced', purpose, 0, 1).next_batch(0)
        for purpose in ('second_batch', 'cmo')
    ]
    assert not torch.equal(*(batch['inputs'] for batch in drawn))
