# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whole runs with Mixup and CutMix, which change a batch on the way in."""
import pytest
import torch

from tests.engine.curvature_run import pool_of
from tests.engine.image_run import COUNTS, build, image_classifier, trained
from tests.engine.runner_log import log_of

EPOCHS = 4
AUGMENTS = {
    'mixup': dict(augments=dict(type='Mixup', alpha=0.8)),
    'cutmix': dict(augments=dict(type='CutMix', alpha=1.)),
}
OFTEN = dict(
    augments=[dict(type='Mixup', alpha=0.8),
              dict(type='CutMix', alpha=1.)],
    probs=[0.2, 0.2])


def options(train_cfg, mixed=None):
    return dict(
        model=image_classifier(train_cfg=train_cfg),
        data_preprocessor=dict(num_classes=len(COUNTS)),
        hook=dict(mixed=mixed),
        max_epochs=EPOCHS)


def is_mixed(samples):
    return any(sample.gt_score.max() < 1 for sample in samples)


@pytest.mark.parametrize('name', AUGMENTS)
def test_run_that_mixes_all_batches_says_that_cr_does_nothing(tmp_path, name):
    runner = build(tmp_path / 'cr', **options(AUGMENTS[name], 'skip'))
    said = log_of(runner)
    runner.train()
    assert pool_of(runner).fill().sum() == 0
    assert sum('All 32 images of this epoch were mixed' in text
               for text in said) == EPOCHS
    plain = options(AUGMENTS[name])
    plain['hook'] = dict(start_epoch=EPOCHS + 1)
    without, _ = trained(tmp_path / 'ce', **plain)
    for name, value in without.model.state_dict().items():
        assert torch.equal(runner.model.state_dict()[name], value)


def test_clean_batches_between_mixed_ones_are_pooled_and_regularized(tmp_path):
    runner, watch = trained(tmp_path, **options(OFTEN))
    mixed = [is_mixed(samples) for samples in watch.samples]
    assert any(mixed[2:]) and not all(mixed[2:])
    seen = {
        sample.sample_idx
        for samples in watch.samples if not is_mixed(samples)
        for sample in samples
    }
    pool = pool_of(runner)
    assert sorted(pool.image[pool.image >= 0].tolist()) == sorted(seen)
    for step in range(2, 2 * EPOCHS):
        gradient = watch.gradient[step]
        trains = gradient is not None and bool(gradient.any())
        assert trains == (not mixed[step])


@pytest.mark.parametrize('name', AUGMENTS)
def test_dominant_classes_of_mixed_batches_are_pooled_and_regularized(
        tmp_path, name):
    runner, watch = trained(tmp_path, **options(AUGMENTS[name]))
    pool = pool_of(runner)
    assert pool.addressing == 'fifo'
    labels = torch.tensor([
        sample.gt_score.argmax() for samples in watch.samples
        for sample in samples
    ])
    most = torch.tensor(COUNTS)
    assert torch.equal(pool.fill(), labels.bincount().minimum(most))
    assert all(gradient.any() for gradient in watch.gradient[2:])
