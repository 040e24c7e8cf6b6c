# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What two processes share in training, seen in one start of both."""
import numpy as np
import pytest
import torch

from mmcurv.datasets import ClassAwareSampler, WeightedSampler
from mmcurv.models import CausalNormHead
from tests.datasets.toy import ToyImages
from tests.engine.two_processes import in_two_processes

LABELS = [1, 0, 1, 1, 2, 0, 1]
SAMPLERS = [WeightedSampler, ClassAwareSampler]
ROWS = {None: slice(0, 5), 0: slice(0, 3), 1: slice(3, 5)}


def draws(seed=None):
    """Two epochs of each sampler, and the seeds."""
    drawn, seeds = [], []
    for kind in SAMPLERS:
        sampler = kind(ToyImages(LABELS), seed=seed, length=200)
        seeds.append(sampler.seed)
        for epoch in range(2):
            sampler.set_epoch(epoch)
            drawn.append(list(sampler))
    return drawn, seeds


def moving_feature(rank):
    """After two steps of 5 images, of which rank 0 has 3."""
    layer = CausalNormHead(2, 4).fc
    for step in range(2):
        generator = torch.Generator().manual_seed(step)
        layer(torch.randn(5, 4, generator=generator)[ROWS[rank]])
    return layer.moving_feature


def work(rank, folder):
    np.random.seed(rank)  # where a seed that nobody gave comes from
    return dict(draws=draws(), moving=moving_feature(rank))


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    return in_two_processes(work, tmp_path_factory.mktemp('processes'))


def test_samplers_agree_on_a_seed_and_deal_out_one_draw(both):
    (first, seeds), (second, other_seeds) = (one['draws'] for one in both)
    assert seeds == other_seeds
    for i, seed in enumerate(seeds):
        whole = draws(seed)[0]
        for epoch in (2 * i, 2 * i + 1):
            assert first[epoch] == whole[epoch][0::2]
            assert second[epoch] == whole[epoch][1::2]


def test_moving_feature_is_that_of_one_process(both):
    first, second = (one['moving'] for one in both)
    assert torch.equal(first, second)
    torch.testing.assert_close(first, moving_feature(None))
