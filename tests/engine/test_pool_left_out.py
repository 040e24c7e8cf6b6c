# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checkpoints without features, and the epoch in which a run gathers them."""
import pytest
import torch

from mmcurv.engine.pool_checkpoint import (bytes_of_state, holds_features,
                                           size_text)
from tests.engine.curvature_run import build, hook_of, pool_hook, pool_of
from tests.engine.runner_log import log_of
from tests.engine.step_watch import watch_of
from tests.engine.toy_run import COUNTS

STEPS = -(-sum(COUNTS) // 16)
POOL = 'mmcurv_feature_pool'


def run_to(work_dir, max_epochs, resume=None, save_pool=False, **config):
    """A trained run, and what it said."""
    hook = pool_hook(save_pool=save_pool)
    runner = build(
        work_dir,
        hook,
        dict(type='StepWatch'),
        max_epochs=max_epochs,
        load_from=resume and str(resume),
        resume=resume is not None,
        **config)
    runner.logger.setLevel('INFO')
    said = log_of(runner)
    if config:  # a loop over iterations
        runner._train_dataloader['sampler']['type'] = 'InfiniteSampler'
    runner.train()
    return runner, said


def saved(path):
    return torch.load(path, weights_only=True)[POOL]


def steps_with_term(runner):
    return ['loss_curvature' in each for each in watch_of(runner).losses]


@pytest.fixture(scope='module')
def first(tmp_path_factory):
    """A run of two epochs, what it said and its last checkpoint."""
    folder = tmp_path_factory.mktemp('first')
    return *run_to(folder, 2), folder / 'epoch_2.pth'


@pytest.fixture(scope='module')
def resumed(tmp_path_factory, first):
    return run_to(tmp_path_factory.mktemp('resumed'), 4, first[2])


def test_training_is_the_same_in_each_bit_without_a_resume(tmp_path, first):
    whole, _ = run_to(tmp_path, 2, save_pool=True)
    assert watch_of(whole).losses == watch_of(first[0]).losses
    assert torch.equal(pool_of(whole).features, pool_of(first[0]).features)


def test_checkpoint_holds_counters_and_no_features(first):
    state = saved(first[2])
    assert not holds_features(state)
    assert state['num_nonfinite'] == 0 and 'num_skipped' in state['loss']
    assert bytes_of_state(state) < 100


def test_resumed_run_gathers_for_one_epoch_before_it_regularizes(resumed):
    runner, _ = resumed
    assert steps_with_term(runner) == [False] * STEPS + [True] * STEPS
    assert pool_of(runner).fill().tolist() == list(COUNTS)
    assert hook_of(runner).step.curvature.primed


def test_gathering_is_told_when_it_begins_and_when_it_ends(resumed, first):
    said = ' '.join(resumed[1])
    assert f'filled again for one epoch, {STEPS} iterations, without' in said
    assert said.count('The feature pool is filled again.') == 1
    assert 'filled again' not in ' '.join(first[1])


def test_weights_of_the_epoch_are_those_of_a_run_without_cr(tmp_path, first):
    ours, _ = run_to(tmp_path / 'ours', 3, first[2])
    plain = build(
        tmp_path / 'plain', max_epochs=3, load_from=str(first[2]), resume=True)
    plain.train()
    for one, other in zip(ours.model.state_dict().values(),
                          plain.model.state_dict().values()):
        assert torch.equal(one, other)


def test_run_that_saves_its_pool_goes_on_gathering_where_it_was(
        tmp_path, first):
    """Iterations 18 to 28 gather, and the run is interrupted at 27."""
    loop = dict(
        train_cfg=dict(by_epoch=False, max_iters=40),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=9,
                            by_epoch=False)))
    run_to(tmp_path / 'a', 1, save_pool=False, **loop)
    done, _ = run_to(
        tmp_path / 'b', 1, tmp_path / 'a/iter_18.pth', save_pool=True, **loop)
    assert steps_with_term(done) == [False] * 11 + [True] * 11
    state = saved(tmp_path / 'b/iter_27.pth')
    assert holds_features(state) and state['refill_until'] == 18 + STEPS
    again, said = run_to(
        tmp_path / 'c', 1, tmp_path / 'b/iter_27.pth', save_pool=True, **loop)
    assert steps_with_term(again) == [False] * 2 + [True] * 11
    assert not any('holds no features' in text for text in said)


def test_size_in_the_checkpoint_is_told_once(tmp_path, first):
    told = [text for text in first[1] if 'Checkpoints hold no fea' in text]
    assert len(told) == 1
    _, said = run_to(tmp_path, 2, save_pool=True)
    told = [text for text in said if 'of each checkpoint' in text]
    assert told == [size_text(saved(tmp_path / 'epoch_2.pth'))]
    # By class: capacity, start, arrived; by slot: feature, image, curvature;
    # slot by image; two counters and a flag.
    size = 3 * 3 * 8 + 165 * (4 * 4 + 8 + 4) + 165 * 8 + 2 * 8 + 1
    assert bytes_of_state(saved(tmp_path / 'epoch_2.pth')) == size
    assert f'{size / 1024:.3g} KiB of each' in told[0]


def test_counters_go_on(tmp_path, first):
    state = torch.load(first[2], weights_only=True)
    state[POOL]['num_nonfinite'] = 7
    state[POOL]['loss']['num_skipped'].fill_(3)
    torch.save(state, tmp_path / 'changed.pth')
    runner, said = run_to(tmp_path / 'run', 3, tmp_path / 'changed.pth')
    last = saved(tmp_path / 'run/epoch_3.pth')
    assert last['num_nonfinite'] == 7 and last['loss']['num_skipped'] == 3
    assert not any('were not pooled' in text for text in said)  # told before


def test_pool_of_a_checkpoint_is_taken_by_a_run_that_saves_none(tmp_path):
    run_to(tmp_path / 'a', 2, save_pool=True)
    runner, _ = run_to(tmp_path / 'b', 3, tmp_path / 'a/epoch_2.pth')
    assert steps_with_term(runner) == [True] * STEPS
    assert not holds_features(saved(tmp_path / 'b/epoch_3.pth'))


def test_state_of_layers_holds_features_if_each_does():
    whole, part = dict(curvature={}), dict(num_nonfinite=0)
    assert holds_features(dict(layers=dict(a=whole, b=whole)))
    assert not holds_features(dict(layers=dict(a=whole, b=part)))
