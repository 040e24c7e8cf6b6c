# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Random states in the checkpoint; whole resumed runs are in
test_resume_exactly.py."""
import importlib
import random

import numpy as np
import pytest
import torch

from mmcurv.engine.common import get_random_state, set_random_state
from mmcurv.engine.hooks import RandomStateHook
from tests.engine.curvature_run import build, pool_hook
from tests.engine.runner_log import log_of
from tests.engine.toy_run import val_parts

module = importlib.import_module('mmcurv.engine.hooks.random_state')
KEY = 'mmcurv_random_state'
STATES = dict(type='mmcurv.RandomStateHook')


def draw():
    return random.random(), np.random.rand(), torch.rand(2).tolist()


def hook_of(runner):
    hooks = [h for h in runner.hooks if isinstance(h, RandomStateHook)]
    assert len(hooks) == 1
    return hooks[0]


def saved(work_dir, epoch):
    return torch.load(work_dir / f'epoch_{epoch}.pth', weights_only=True)[KEY]


def test_state_repeats_all_three_generators():
    state = get_random_state()
    first = draw()
    set_random_state(state)
    assert draw() == first


def test_normal_number_kept_back_by_a_generator_is_repeated():
    random.gauss(0, 1), np.random.randn()  # they draw two and keep one
    state = get_random_state()
    first = random.gauss(0, 1), np.random.randn()
    draw()
    set_random_state(state)
    assert (random.gauss(0, 1), np.random.randn()) == first


@pytest.mark.parametrize('given', [[], [STATES]])
def test_run_with_a_pool_has_one_hook_given_or_not(tmp_path, given):
    runner = build(tmp_path, pool_hook(), *given, max_epochs=1)
    runner.train()
    hook_of(runner)
    assert len(saved(tmp_path, 1)) == 1


def test_resumed_run_starts_with_the_state_of_the_checkpoint(tmp_path):
    build(tmp_path, STATES, max_epochs=1).train()
    set_random_state(saved(tmp_path, 1)[0])
    first = draw()
    runner = resumed(tmp_path)
    restored = []
    runner.hooks[-1].before_train_epoch = lambda _: restored.append(draw())
    runner.train()
    assert restored[0] == first


def resumed(tmp_path, **options):
    return build(
        tmp_path,
        STATES,
        max_epochs=2,
        load_from=str(tmp_path / 'epoch_1.pth'),
        **dict(dict(resume=True), **options))


def test_load_from_starts_with_the_seed(tmp_path, monkeypatch):
    build(tmp_path, STATES, max_epochs=1).train()
    restored = []
    monkeypatch.setattr(module, 'set_random_state', restored.append)
    runner = resumed(tmp_path, resume=False)
    said = log_of(runner)
    runner.train()
    assert restored == []
    assert not any('Random numbers' in text for text in said)


def test_validation_leaves_no_trace(tmp_path):
    """Also where the evaluation draws numbers."""

    def trained(work_dir, **val):
        runner = build(work_dir, STATES, max_epochs=2, **val)
        runner.hooks[-1].after_val_iter = lambda *_, **__: draw()
        return runner.train().state_dict().values()

    with_val = trained(tmp_path / 'a', **val_parts())
    without = trained(tmp_path / 'b')
    assert all(map(torch.equal, with_val, without))


def test_checkpoint_saved_in_validation_holds_the_state_of_training():
    hook, checkpoint = RandomStateHook(), dict(meta=dict(iter=1))
    state = get_random_state()
    expected = draw()
    set_random_state(state)
    hook.before_val(None)
    draw()
    hook.before_save_checkpoint(None, checkpoint)
    set_random_state(checkpoint[KEY][0])
    assert draw() == expected


def test_checkpoint_without_states_is_warned_of(tmp_path):
    build(tmp_path, max_epochs=1).train()
    runner = resumed(tmp_path)
    said = log_of(runner)
    runner.train()
    assert sum('1 processes need as many random states, the checkpoint holds '
               '0' in text for text in said) == 1


def two_processes(monkeypatch):
    """All hold the same state here; gathering it takes none of them."""
    monkeypatch.setattr(module, 'get_world_size', lambda: 2)
    monkeypatch.setattr(module, 'all_gather_object', lambda state: [state] * 2)


class At:

    def __init__(self, iter):
        self.iter = iter


@pytest.mark.parametrize('saved_at, states', [(11, 2), (14, 0)])
def test_two_processes_save_their_states_at_the_end_of_an_epoch_only(
        monkeypatch, saved_at, states):
    two_processes(monkeypatch)
    hook, checkpoint = RandomStateHook(), dict(meta=dict(iter=saved_at))
    hook.after_train_epoch(At(iter=11))
    hook.before_save_checkpoint(None, checkpoint)
    assert len(checkpoint[KEY]) == states


def test_resume_in_two_processes_of_a_run_of_one_is_warned_of(
        tmp_path, monkeypatch):
    build(tmp_path, STATES, max_epochs=1).train()
    runner = resumed(tmp_path)
    said = log_of(runner)
    two_processes(monkeypatch)
    runner.train()
    assert sum('2 processes need as many random states, the checkpoint holds '
               '1' in text for text in said) == 1


def test_resumed_loop_over_iterations_says_that_it_is_not_exact(tmp_path):
    save = dict(type='CheckpointHook', by_epoch=False, interval=7)
    options = dict(
        train_cfg=dict(by_epoch=False, max_iters=9),
        default_hooks=dict(checkpoint=save))

    def run(**more):
        runner = build(tmp_path, STATES, **options, **more)
        runner._train_dataloader['sampler']['type'] = 'InfiniteSampler'
        said = log_of(runner)
        runner.train()
        return ' '.join(said)

    assert 'does not repeat' not in run()
    checkpoint = str(tmp_path / 'iter_7.pth')
    assert 'does not repeat' in run(load_from=checkpoint, resume=True)
