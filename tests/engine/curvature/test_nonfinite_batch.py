# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whole runs in which one image is NaN."""
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DATASETS, OPTIM_WRAPPERS

from tests.engine.curvature_run import (build, points, pool_hook, scalars,
                                        step_of)
from tests.engine.runner_log import log_of
from tests.engine.toy_run import COUNTS, CornerPoints

EPOCHS, STEPS = 3, -(-sum(COUNTS) // 16)


@DATASETS.register_module()
class OneIsNaN(CornerPoints):

    def load_data_list(self):
        infos = super().load_data_list()
        infos[7]['img'][:] = float('nan')
        return infos


@OPTIM_WRAPPERS.register_module()
class SkipsNonfinite(OptimWrapper):
    """Takes no step for a loss that is not finite, as GradScaler does."""

    def update_params(self, loss, *args, **kwargs):
        if loss.isfinite():
            super().update_params(loss, *args, **kwargs)


def trained(work_dir, wrapper):
    runner = build(
        work_dir,
        pool_hook(),
        dataset=points(type='OneIsNaN'),
        max_epochs=EPOCHS,
        optim_wrapper=dict(type=wrapper, optimizer=dict(type='SGD', lr=0.1)))
    said = log_of(runner)
    runner.train()
    return runner, step_of(runner), said


@pytest.fixture(scope='module')
def skipping(tmp_path_factory):
    return trained(tmp_path_factory.mktemp('run'), 'SkipsNonfinite')


def test_run_that_skips_the_bad_step_goes_on_with_finite_weights(skipping):
    runner, step, _ = skipping
    assert runner.epoch == EPOCHS
    assert all(p.isfinite().all() for p in runner.model.parameters())
    terms = torch.tensor(scalars(runner, 'loss_curvature'))
    assert len(terms) == (EPOCHS - 1) * STEPS and terms.isfinite().all()
    # One step of each epoch holds the image.
    assert (terms == 0).sum() == EPOCHS - 1


def test_bad_image_is_counted_and_not_pooled(skipping):
    _, step, _ = skipping
    pool = step.curvature.pool
    assert pool.num_nonfinite == EPOCHS
    assert step.loss.num_skipped == EPOCHS - 1
    assert pool.fill().tolist() == [COUNTS[0] - 1, *COUNTS[1:]]
    assert pool.features.isfinite().all()


def test_every_epoch_says_what_was_left_out(skipping):
    said = [text for text in skipping[2] if 'this epoch' in text]
    pooled = [text for text in said if 'were not pooled' in text]
    terms = [text for text in said if 'left out in 1 steps' in text]
    assert len(pooled) == EPOCHS and pooled[0].startswith('1 features')
    assert len(terms) == EPOCHS - 1


def test_run_that_diverges_ends_and_blames_loss_and_learning_rate(tmp_path):
    """Without a guard the loss alone makes all weights NaN at once."""
    runner, step, said = trained(tmp_path, 'OptimWrapper')
    assert runner.epoch == EPOCHS
    assert not runner.model.head.fc.weight.isfinite().any()
    assert step.loss.num_skipped == (EPOCHS - 1) * STEPS
    assert step.curvature.pool.features.isfinite().all()
    assert sum(f'left out in {STEPS} steps' in text
               for text in said) == EPOCHS - 1
    assert sum('Look at the loss and the learning rate' in text
               for text in said) == EPOCHS
