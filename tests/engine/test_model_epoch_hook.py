# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.hooks import Hook

from mmcurv.engine.hooks import ModelEpochHook
from tests.engine.toy_run import build, train_parts
from tests.engine.two_processes import in_two_processes

STEPS = 11  # of an epoch
HOOK = dict(model_epoch=dict(type='mmcurv.ModelEpochHook'))


class EpochLoss(torch.nn.CrossEntropyLoss):
    """Keeps what it is told, and what it knows in every step."""

    def __init__(self):
        super().__init__()
        self.told, self.steps = [], []

    def set_epoch(self, epoch, max_epochs):
        self.told.append((epoch, max_epochs))

    def forward(self, *args):
        self.steps.append(self.told[-1])
        return super().forward(*args)


class FirstLook(Hook):
    """Keeps the epochs that the loss knows when other hooks begin one."""
    priority = 'HIGH'

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        self.seen.append(loss_of(runner).told[-1])


def built(work_dir, *parts, loss=None, **options):
    runner = build(work_dir, *parts, hooks=HOOK, **options)
    runner.model.head.loss_module = loss or EpochLoss()
    return runner


def loss_of(runner):
    return getattr(runner.model, 'module', runner.model).head.loss_module


def test_epochs_are_told_once_counted_from_1_before_their_first_step(tmp_path):
    runner = built(tmp_path, train_parts(max_epochs=3))
    runner.train()
    loss = loss_of(runner)
    assert loss.told == [(1, 3), (2, 3), (3, 3)]
    assert loss.steps == [(1, 3)] * STEPS + [(2, 3)] * STEPS + [(3, 3)] * STEPS


def test_other_hooks_begin_an_epoch_with_a_model_that_knows_it(tmp_path):
    look = FirstLook()
    runner = built(tmp_path, train_parts(), custom_hooks=[look])
    runner.train()
    assert look.seen == [(1, 2), (2, 2)]


def test_loop_over_iterations_tells_each_pass_over_the_train_set(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=2 * STEPS + 3)
    runner = built(tmp_path, parts)
    runner.train()
    assert loss_of(runner).told == [(1, 3), (2, 3), (3, 3)]
    assert loss_of(
        runner).steps == [(1, 3)] * STEPS + [(2, 3)] * STEPS + [(3, 3)] * 3


def test_resumed_run_is_told_its_epoch(tmp_path):
    built(tmp_path, train_parts(max_epochs=2)).train()
    runner = built(
        tmp_path / 'resumed',
        train_parts(max_epochs=4),
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True)
    runner.train()
    assert loss_of(runner).told == [(3, 4), (4, 4)]


def test_resume_in_the_middle_of_an_epoch_is_told_that_epoch(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=STEPS + 4)
    saving = dict(type='CheckpointHook', by_epoch=False, interval=STEPS + 4)
    hooks = dict(HOOK, checkpoint=saving)
    runner = build(tmp_path, parts, hooks=hooks)
    runner.model.head.loss_module = EpochLoss()
    runner.train()
    parts = train_parts(by_epoch=False, max_iters=3 * STEPS)
    runner = built(
        tmp_path / 'resumed',
        parts,
        load_from=str(tmp_path / f'iter_{STEPS + 4}.pth'),
        resume=True)
    runner.train()
    assert loss_of(runner).told == [(2, 3), (3, 3)]


def test_loop_that_is_at_its_end_tells_no_epoch_beyond_it(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=STEPS)
    saving = dict(type='CheckpointHook', by_epoch=False, interval=STEPS)
    runner = build(tmp_path, parts, hooks=dict(HOOK, checkpoint=saving))
    runner.model.head.loss_module = EpochLoss()
    runner.train()
    runner = built(
        tmp_path / 'resumed',
        parts,
        load_from=str(tmp_path / f'iter_{STEPS}.pth'),
        resume=True)
    runner.train()
    assert runner.iter == STEPS and loss_of(runner).told == []


def test_model_that_asks_for_no_epoch_is_refused(tmp_path):
    loss = torch.nn.CrossEntropyLoss()
    runner = built(tmp_path, train_parts(), loss=loss)
    words = r'set_epoch\(epoch, max_epochs\), found none in CornerClassifier'
    with pytest.raises(ValueError, match=words):
        runner.train()


def told_in_a_process(rank, folder):
    class_counts = dict(type='mmcurv.ClassCountsHook')
    hook = ModelEpochHook()
    runner = build(
        folder / f'work{rank}',
        train_parts(),
        hooks=dict(class_counts=class_counts, checkpoint=None),
        custom_hooks=[hook, NewLoss()],
        launcher='pytorch',
        cfg=dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None)))
    runner.train()
    return type(runner.model).__name__, loss_of(runner).told


class NewLoss(Hook):
    """Gives the model its loss, since a Runner wraps it when it is built."""
    priority = 'HIGHEST'

    def before_run(self, runner):
        runner.model.module.head.loss_module = EpochLoss()


def test_wrapped_model_is_told_in_every_process(tmp_path):
    told = 'MMDistributedDataParallel', [(1, 2), (2, 2)]
    assert in_two_processes(told_in_a_process, tmp_path) == [told, told]
