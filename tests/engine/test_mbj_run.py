# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whole runs of MBJ: Curvature Regularization, resuming, two processes."""
import pytest
import torch

from tests.engine.curvature_run import pool_of
from tests.engine.image_run import build, image_classifier
from tests.engine.step_watch import watch_of
from tests.engine.test_resume_exactly import STATES, differences
from tests.engine.two_processes import in_two_processes

EPOCHS = 4  # of two steps


def mbj_run(work_dir, head=None, batch_size=16, hooks=None, **options):
    """A run whose memory is used from epoch 3 on, with CR in the last."""
    config = dict(
        type='mmcurv.MBJHead', memory_size=20, start_epoch=3, rho=0.5)
    default_hooks = dict(
        class_counts=dict(type='mmcurv.ClassCountsHook'),
        random_state=dict(type='mmcurv.RandomStateHook'),
        **(hooks or {}))
    defaults = dict(
        model=image_classifier(head=dict(config, **(head or {}))),
        max_epochs=EPOCHS,
        train_dataloader=dict(
            batch_size=batch_size,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='NoiseImages', counts=(20, 8, 4))),
        hook=dict(start_epoch=EPOCHS),
        default_hooks=default_hooks)
    runner = build(work_dir, **dict(defaults, **options))
    runner.train()
    return runner


def test_memory_is_one_more_loss_and_curvature_is_that_of_the_batch(tmp_path):
    runner = mbj_run(tmp_path)
    names = [sorted(losses) for losses in watch_of(runner).losses]
    both = ['loss', 'loss_memory']
    with_cr = ['loss', 'loss_curvature', 'loss_memory']
    assert names == [['loss']] * 4 + [both] * 2 + [with_cr] * 2
    watch = watch_of(runner)
    for losses, objective in zip(watch.losses, watch.objective):
        assert objective == pytest.approx(sum(losses.values()), rel=1e-5)
    assert pool_of(runner).fill().tolist() == [20, 8, 4]


def test_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(tmp_path):

    def final(work_dir, **options):
        torch.manual_seed(len(options))
        mbj_run(
            work_dir,
            hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
            **options)
        return torch.load(work_dir / f'epoch_{EPOCHS}.pth', weights_only=True)

    whole = final(tmp_path / 'whole')
    resumed = final(
        tmp_path / 'resumed',
        load_from=str(tmp_path / 'whole' / 'epoch_3.pth'),
        resume=True)
    assert (whole['state_dict']['head.memory.labels'] >= 0).all()
    for state in STATES:
        assert differences(whole.get(state), resumed.get(state), state) == []


def remembered(rank, folder):
    runner = mbj_run(
        folder / f'work{rank}',
        batch_size=8,
        hooks=dict(sync_buffers=dict(type='SyncBuffersHook'), checkpoint=None),
        hook=dict(start_epoch=EPOCHS, curvature=dict(k=3)),
        launcher='pytorch',
        cfg=dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None)))
    model = runner.model.module
    return dict(
        weights=dict(model.named_parameters()),
        memory=model.head.memory.state_dict())


def test_two_processes_have_one_memory_of_features_of_both(tmp_path):
    first, second = in_two_processes(remembered, tmp_path)
    for state in ('weights', 'memory'):
        for name, value in first[state].items():
            assert torch.equal(value, second[state][name])
    assert (first['memory']['labels'] >= 0).all()
