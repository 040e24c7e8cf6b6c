# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import logging
from types import SimpleNamespace

import pytest
import torch

from mmcurv.engine.hooks import ClassCountsHook, DeferredReweightingHook
from mmcurv.models.losses import SoftmaxFocalLoss, effective_number_weights
from tests.engine.runner_log import log_of
from tests.engine.toy_run import COUNTS, build, train_parts

STEPS = 11  # of an epoch


class WatchedLoss(SoftmaxFocalLoss):
    """Keeps the class weights of every step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, *args, **kwargs):
        self.seen.append(self.class_weights)
        return super().forward(*args, **kwargs)


def built(work_dir, max_epochs=3, loss=None, parts=None, **options):
    """A run whose loss takes weights, from epoch 2 on."""
    hook = dict(type='mmcurv.DeferredReweightingHook', start_epoch=2)
    hook.update(options.pop('hook', {}))
    runner = build(
        work_dir,
        parts or train_parts(max_epochs=max_epochs),
        custom_hooks=[hook],
        **options)
    runner.model.head.loss_module = loss or WatchedLoss()
    return runner


def weighted_steps(runner):
    return [
        weights is not None for weights in runner.model.head.loss_module.seen
    ]


def test_weights_begin_with_the_start_epoch(tmp_path):
    runner = built(tmp_path)
    runner.train()
    assert weighted_steps(runner) == [False] * STEPS + [True] * 2 * STEPS
    weights = runner.model.head.loss_module.seen[-1]
    torch.testing.assert_close(weights,
                               effective_number_weights(COUNTS).float())


def test_beta_and_first_epoch_are_options(tmp_path):
    runner = built(tmp_path, max_epochs=1, hook=dict(start_epoch=1, beta=0.5))
    runner.train()
    assert weighted_steps(runner) == [True] * STEPS
    torch.testing.assert_close(runner.model.head.loss_module.class_weights,
                               effective_number_weights(COUNTS, 0.5).float())


@pytest.mark.parametrize('epochs, first', [(200, 161), (100, 81), (20, 17)])
def test_weights_begin_after_four_fifths_of_the_training(epochs, first):
    counts = ClassCountsHook()
    counts.split = SimpleNamespace(class_counts=COUNTS)
    runner = SimpleNamespace(
        model=torch.nn.Sequential(torch.nn.Linear(4, 3), WatchedLoss()),
        hooks=[counts],
        train_loop=None,
        max_epochs=epochs,
        logger=logging.getLogger())
    hook = DeferredReweightingHook()
    hook.before_train(runner)
    weighted = []
    for runner.epoch in range(epochs):
        hook.before_train_iter(runner, 0)
        weighted.append(runner.model[1].class_weights is not None)
    assert weighted.index(True) + 1 == first and all(weighted[first:])


def test_epochs_are_counted_in_loops_over_iterations_too(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=2 * STEPS)
    runner = built(tmp_path, parts=parts)
    warnings = log_of(runner)
    runner.train()
    assert weighted_steps(runner) == [False] * STEPS + [True] * STEPS
    assert not any('re-weighted' in warning for warning in warnings)


@pytest.mark.parametrize('epoch', [1, 2])
def test_resumed_run_repeats_the_uninterrupted_one(tmp_path, epoch):
    whole = built(tmp_path / 'whole')
    whole.train()
    resumed = built(
        tmp_path / 'resumed',
        load_from=str(tmp_path / 'whole' / f'epoch_{epoch}.pth'),
        resume=True)
    resumed.train()
    assert weighted_steps(resumed) == [True] * (3 - epoch) * STEPS
    for ours, theirs in zip(resumed.model.parameters(),
                            whole.model.parameters()):
        assert torch.equal(ours, theirs)


def test_new_start_from_a_weighted_checkpoint_is_not_weighted(tmp_path):
    built(tmp_path / 'first').train()
    runner = built(
        tmp_path / 'second',
        max_epochs=1,
        load_from=str(tmp_path / 'first' / 'epoch_3.pth'))
    runner.train()
    assert weighted_steps(runner) == [False] * STEPS


def test_model_whose_loss_takes_no_weights_is_refused(tmp_path):
    runner = built(tmp_path, loss=torch.nn.CrossEntropyLoss())
    words = 'takes class weights, found none.*SoftmaxFocalLoss'
    with pytest.raises(ValueError, match=words):
        runner.train()


def test_run_without_class_counts_is_refused(tmp_path):
    another = dict(class_counts=dict(type='EmptyCacheHook'))
    runner = built(tmp_path, hooks=another)
    with pytest.raises(ValueError, match='expected a ClassCountsHook.*Add'):
        runner.train()


def test_head_of_other_classes_is_refused_before_a_step(tmp_path):
    runner = built(tmp_path, num_classes=10)
    words = (r'head\.loss_module .*expected 10 .*num_classes of head, but the '
             'train set has 3')
    with pytest.raises(ValueError, match=words):
        runner.train()
    assert runner.iter == 0


def test_class_without_images_is_refused_before_a_step(tmp_path):
    parts = train_parts(train=dict(counts=(60, 0, 5)))
    with pytest.raises(ValueError, match='got 0 for class 1'):
        built(tmp_path, parts=parts).train()


def test_start_after_the_end_is_warned_of(tmp_path):
    runner = built(tmp_path, max_epochs=1, hook=dict(start_epoch=161))
    warnings = log_of(runner)
    runner.train()
    assert any('start_epoch=161' in text and 'last of 1 epochs' in text
               for text in warnings)


def test_start_is_logged_once_with_the_range_of_weights(tmp_path, monkeypatch):
    runner = built(tmp_path)
    lines = []
    monkeypatch.setattr(runner.logger, 'info', lines.append)
    runner.train()
    (line, ) = [line for line in lines if 'weighted by effective' in line]
    weights = effective_number_weights(COUNTS)
    assert line.startswith('Epoch 2:')
    assert f'{weights.min():.4g} to {weights.max():.4g}' in line


def test_start_epoch_counts_from_one_and_beta_is_below_one():
    with pytest.raises(ValueError, match='counted from 1, got 0'):
        DeferredReweightingHook(start_epoch=0)
    with pytest.raises(ValueError, match='counted from 1, got 160.5'):
        DeferredReweightingHook(start_epoch=160.5)
    with pytest.raises(ValueError, match='start_share of at least 0.*got nan'):
        DeferredReweightingHook(start_share=float('nan'))
    with pytest.raises(ValueError, match='expected beta'):
        DeferredReweightingHook(beta=1.)
