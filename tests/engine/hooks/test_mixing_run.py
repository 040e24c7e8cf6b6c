# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whole runs with CMO and mixup: Curvature Regularization, and resuming."""
import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS

from mmcurv.samples import read_pairs
from tests.engine.curvature_run import pool_of
from tests.engine.image_run import COUNTS, NoiseImages, build, image_classifier
from tests.engine.runner_log import log_of
from tests.engine.step_watch import watch_of
from tests.engine.test_resume_exactly import STATES, differences

EPOCHS = 6
CMO = dict(type='mmcurv.CMOHook', begin_epoch=1, end_epoch=EPOCHS)
MIXUP = dict(type='mmcurv.PairedMixupHook')


def paired_run(tmp_path, mixing, **options):
    """A run with CR in its last epoch, and its StepWatch."""
    runner = build(
        tmp_path,
        model=image_classifier(head=dict(type='mmcurv.PairedLinearHead')),
        hooks=[mixing],
        max_epochs=EPOCHS,
        **options)
    said = log_of(runner)
    runner.train()
    return runner, watch_of(runner), said


def test_clean_batches_of_cmo_are_pooled_and_regularized_the_mixed_are_not(
        tmp_path):
    runner, watch, _ = paired_run(tmp_path, CMO)
    mixed = [read_pairs(samples) is not None for samples in watch.samples]
    assert any(mixed[2:]) and not all(mixed[2:])
    seen = {
        sample.sample_idx
        for samples in watch.samples if read_pairs(samples) is None
        for sample in samples
    }
    pool = pool_of(runner)
    assert sorted(pool.image[pool.image >= 0].tolist()) == sorted(seen)
    for step in range(2, 2 * EPOCHS):
        gradient = watch.gradient[step]
        trains = gradient is not None and bool(gradient.any())
        assert trains == (not mixed[step])


def test_mixup_of_all_batches_says_that_cr_does_nothing(tmp_path):
    runner, _, said = paired_run(tmp_path, MIXUP, hook=dict(mixed='skip'))
    assert pool_of(runner).fill().sum() == 0
    assert sum('All 32 images of this epoch were mixed' in text
               for text in said) == EPOCHS


def test_larger_shares_of_mixup_are_pooled_and_regularized(tmp_path):
    runner, watch, said = paired_run(tmp_path, MIXUP)
    assert any('PairedMixupHook mixes every batch' in text for text in said)
    labels = torch.cat([
        pairs.labels if pairs.share >= 0.5 else pairs.others
        for pairs in map(read_pairs, watch.samples)
    ])
    fill = pool_of(runner).fill()
    assert torch.equal(fill, labels.bincount().minimum(torch.tensor(COUNTS)))
    assert all(gradient.any() for gradient in watch.gradient[2:])


@DATASETS.register_module()
class JitteredImages(NoiseImages):
    """Images that NumPy's and torch's generators change each time."""

    def prepare_data(self, idx):
        data = super().prepare_data(idx)
        inputs = np.random.rand() * data['inputs']
        return dict(data, inputs=inputs + 0.1 * torch.randn(3, 1, 1))


def trained_state(work_dir, mixing, num_workers, **options):
    """The last checkpoint of a run whose images are never twice the same."""
    loader = dict(
        batch_size=8,
        num_workers=num_workers,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dict(type='JitteredImages'))
    paired_run(
        work_dir,
        mixing,
        default_hooks=dict(random_state=dict(type='mmcurv.RandomStateHook')),
        train_dataloader=loader,
        **options)
    path = work_dir / f'epoch_{EPOCHS}.pth'
    return torch.load(path, weights_only=True)


@pytest.mark.parametrize('mixing, num_workers', [(CMO, 0), (CMO, 1),
                                                 (MIXUP, 0)])
def test_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(
        tmp_path, mixing, num_workers):
    options = dict(mixing=mixing, num_workers=num_workers)
    whole = trained_state(tmp_path / 'whole', **options)
    torch.manual_seed(1)
    resumed = trained_state(
        tmp_path / 'resumed',
        load_from=str(tmp_path / 'whole' / 'epoch_4.pth'),
        resume=True,
        **options)
    assert resumed['meta']['iter'] == 4 * EPOCHS
    for state in STATES:
        assert differences(whole.get(state), resumed.get(state), state) == []
