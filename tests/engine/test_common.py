# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import itertools

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from mmcurv.engine.common import (STREAMS, epoch_of_run, epochs_of_run,
                                  evaluated_model, stream_at, unwrapped)
from tests.engine import toy_run
from tests.engine.curvature_run import build


class Wrapper(nn.Module):

    def __init__(self, module):
        super().__init__()
        self.module = module


def test_model_comes_out_of_its_wrapper(monkeypatch):
    monkeypatch.setitem(MODEL_WRAPPERS._module_dict, 'Wrapper', Wrapper)
    model = nn.Linear(2, 3)
    assert unwrapped(Wrapper(model)) is model


def test_model_with_a_module_of_its_own_stays_as_it_is():
    model = Wrapper(nn.Linear(2, 3))
    assert unwrapped(model) is model


class Watch(Hook):

    def __init__(self):
        self.epochs, self.total = [], None

    def before_train_iter(self, runner, *args, **kwargs):
        self.epochs.append(epoch_of_run(runner))
        self.total = epochs_of_run(runner)


@pytest.mark.parametrize('train_cfg, epochs, steps', [
    (None, 3, 33),
    (dict(by_epoch=False, max_iters=25), 3, 25),
])
def test_steps_know_their_epoch_in_both_loops(tmp_path, train_cfg, epochs,
                                              steps):
    runner = build(
        tmp_path, train_cfg=train_cfg, default_hooks=dict(checkpoint=None))
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    assert watch.total == epochs
    assert watch.epochs == [step // 11 for step in range(steps)]


def test_same_place_gives_the_same_numbers_whatever_was_drawn_before():
    first = stream_at('mixup', 3, 0, 17).random(5)
    stream_at('mixup', 3, 0, 16).random(2)
    assert np.array_equal(stream_at('mixup', 3, 0, 17).random(5), first)


def test_purpose_seed_rank_and_step_each_change_the_numbers():
    places = itertools.product(STREAMS, (0, 1, 2), (0, 1), (0, 1, 99))
    firsts = {stream_at(*place).random() for place in places}
    assert len(firsts) == len(STREAMS) * 3 * 2 * 3


def test_first_numbers_of_following_steps_are_uniform():
    firsts = [stream_at('cmo_mixing', 0, 0, i).random() for i in range(4000)]
    counts = np.histogram(firsts, bins=10, range=(0, 1))[0]
    assert np.abs(counts - 400).max() < 80  # 4 standard deviations
    assert abs(np.corrcoef(firsts[1:], firsts[:-1])[0, 1]) < 0.06


def test_global_generator_is_left_alone():
    np.random.seed(0)
    expected = np.random.rand()
    np.random.seed(0)
    stream_at('mixup', 0).random(9)
    assert np.random.rand() == expected


def test_unknown_purpose_is_refused():
    with pytest.raises(ValueError, match='not in tuple'):
        stream_at('shuffling', 0)


class Watched(Hook):
    """Weights that are evaluated, and those that an evaluation would see."""
    priority = 'LOWEST'

    def __init__(self):
        self.evaluated, self.asked = [], []

    def after_train_epoch(self, runner):
        trained = copied(runner.model)
        with evaluated_model(runner) as model:
            self.asked.append(copied(model))
        assert all(map(torch.equal, copied(runner.model), trained))

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 0:
            self.evaluated.append(copied(runner.model))


def copied(model):
    return [value.clone() for value in model.state_dict().values()]


@pytest.mark.parametrize('averages', [False, True])
def test_model_has_the_weights_that_are_evaluated(averages, tmp_path):
    watched = Watched()
    ema = [dict(type='EMAHook', momentum=0.5)] if averages else []
    runner = toy_run.build(
        tmp_path,
        toy_run.train_parts(),
        toy_run.val_parts(),
        custom_hooks=[*ema, watched])
    runner.train()
    assert len(watched.asked) == 2
    for asked, evaluated in zip(watched.asked, watched.evaluated):
        assert all(map(torch.equal, asked, evaluated))
    raw = copied(runner.model)
    assert all(map(torch.equal, watched.asked[-1], raw)) != averages
