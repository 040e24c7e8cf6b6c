# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What FeaturePoolHook refuses, and where a resume is not exact."""
import pytest
import torch
from mmengine.model import MMFullyShardedDataParallel
from torch import nn

from mmcurv.engine.hooks import FeaturePoolHook
from mmcurv.engine.pool_size import check_layer_fits, pool_counts
from mmcurv.engine.random_state import get_random_state, set_random_state
from tests.engine.curvature_run import build, pool_hook, warnings_of


@pytest.mark.parametrize('error, pool', [
    (TypeError, dict(max_perclass=3)),
    (ValueError, dict(dtype='flaot32')),
    (ValueError, dict(dtype='int64')),
    (ValueError, dict(addressing='random')),
])
def test_wrong_pool_option_fails_when_the_hook_is_built(error, pool):
    with pytest.raises(error, match='max_perclass|dtype|addressing'):
        FeaturePoolHook(pool=pool)


def test_second_hook_is_refused(tmp_path):
    runner = build(tmp_path, pool_hook(), pool_hook())
    with pytest.raises(ValueError, match='expected one FeaturePoolHook'):
        runner.train()


def test_fully_sharded_model_is_refused_before_the_first_step(tmp_path):
    runner = build(tmp_path)
    runner.model = MMFullyShardedDataParallel.__new__(
        MMFullyShardedDataParallel)
    with pytest.raises(RuntimeError, match='got MMFullySharded'):
        FeaturePoolHook().before_train(runner)


def test_resume_with_another_dtype_names_both(tmp_path):
    build(tmp_path, pool_hook(), max_epochs=2).train()
    runner = build(
        tmp_path,
        pool_hook(pool=dict(dtype='float16')),
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True)
    words = r'which has .*float16.*checkpoint has: dtype=torch\.float32'
    with pytest.raises(RuntimeError, match=words):
        runner.train()


def test_resume_with_another_normal_names_both(tmp_path):
    build(tmp_path, pool_hook(), max_epochs=2).train()
    runner = build(
        tmp_path,
        pool_hook(curvature=dict(k=4, normal='next')),
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True)
    words = "checkpoint has: curvature=.*'smallest'.*, not .*'next'"
    with pytest.raises(RuntimeError, match=words):
        runner.train()


def test_resumed_loop_over_iterations_says_that_it_is_not_exact(
        tmp_path, monkeypatch):
    save = dict(type='CheckpointHook', by_epoch=False, interval=7)
    options = dict(
        train_cfg=dict(by_epoch=False, max_iters=9),
        default_hooks=dict(checkpoint=save))

    def run(**more):
        runner = build(tmp_path, pool_hook(), **options, **more)
        runner._train_dataloader['sampler']['type'] = 'InfiniteSampler'
        said = warnings_of(runner, monkeypatch)
        runner.train()
        return ' '.join(said)

    assert 'does not repeat' not in run()
    checkpoint = str(tmp_path / 'iter_7.pth')
    assert 'does not repeat' in run(load_from=checkpoint, resume=True)


@pytest.mark.parametrize('counts, word', [([1, 2], 'fewer'),
                                          ([1, 2, 3, 4], 'more')])
def test_other_number_of_classes_than_outputs_is_named(counts, word):
    with pytest.raises(ValueError, match=f'{word} classes than the head'):
        check_layer_fits(nn.Linear(2, 3), 'fc', counts)


def test_given_counts_are_taken_without_reading_the_set():
    assert pool_counts(None, nn.Linear(2, 3),
                       dict(class_counts=(3, 2, 1))) == [3, 2, 1]


def test_random_state_repeats_all_three_generators():
    import random

    import numpy as np

    def draw():
        return random.random(), np.random.rand(), torch.rand(2).tolist()

    state = get_random_state()
    first = draw()
    set_random_state(state)
    assert draw() == first
