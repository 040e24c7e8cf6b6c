# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Mixup in single iterations; whole runs are in test_paired_mixing_run.py."""
import numpy as np
import pytest
import torch

from mmcurv.engine.hooks import PairedMixupHook
from tests.engine.paired_run import LABELS, batches, pairs_of, started


@pytest.mark.parametrize('stacked', [True, False])
def test_batch_is_mixed_with_a_permutation_of_itself(stacked):
    hook = PairedMixupHook()
    runner = started(hook, stacked=stacked)
    plain = [[int(image[0, 0, 0]) for image in batch['inputs']]
             for batch in runner.train_dataloader]
    for numbers, batch in zip(plain, batches(hook, runner, 1)):
        labels, others, share = pairs_of(batch)
        assert labels == [LABELS[number] for number in numbers]
        partners = []
        for image, number, other in zip(batch['inputs'], numbers, others):
            assert image.dtype == torch.float32
            assert torch.equal(image, image[:1, :1, :1].expand(1, 8, 8))
            partner = (image[0, 0, 0].item() - share * number) / (1 - share)
            assert partner == pytest.approx(round(partner), abs=0.02)
            assert LABELS[round(partner)] == other
            partners.append(round(partner))
        assert sorted(partners) == sorted(numbers)


@pytest.mark.parametrize('alpha', [1., 0.2])
def test_shares_follow_the_beta_distribution(alpha):
    hook = PairedMixupHook(alpha=alpha)
    runner = started(hook)
    shares = [pairs_of(batch)[2] for batch in batches(hook, runner, 200)]
    assert len(set(shares)) == 1200  # every batch has its own
    assert np.mean(shares) == pytest.approx(0.5, abs=0.04)
    variance = 1 / (4 * (2 * alpha + 1))  # of Beta(alpha, alpha)
    assert np.var(shares) == pytest.approx(variance, rel=0.1)


def test_iteration_and_seed_decide():
    first = [pairs_of(batch) for batch in batches(*ready(), 2)]
    hook, runner = ready()
    runner.iter = 6  # resumed at the second epoch
    assert [pairs_of(batch) for batch in batches(hook, runner, 1)] == first[6:]
    assert [pairs_of(batch) for batch in batches(*ready(seed=1), 1)] \
        != first[:6]


def ready(**options):
    hook = PairedMixupHook()
    return hook, started(hook, **options)


def test_alpha_of_zero_is_refused():
    with pytest.raises(ValueError, match='alpha must be positive, got 0'):
        PairedMixupHook(alpha=0)
