# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train in processes of their own, which may kill themselves.

``python -m tests.engine.resume_runs JOBS.json``: the file lists keyword
arguments of :func:`run_job`. Each job is a fork of this process, so that the
libraries are imported once; it is checked to end as it should.
"""
import json
import os
import signal
import sys
import traceback

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

import mmcurv.datasets
import mmcurv.engine.hooks
import mmcurv.models  # noqa: F401
from tests.prepared_forks import prepare_forks

EPOCHS = 4
SCHEDULE = dict(type='MultiStepLR', milestones=[2], gamma=0.1)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@HOOKS.register_module()
class KillHook(Hook):
    """SIGKILL after an iteration, a batch of a validation, or a save.

    Args:
        iteration (int, optional): Training iterations to finish first.
        val_epoch (int, optional): Epoch whose second val batch is the last.
        saved_epoch (int, optional): Epoch whose checkpoint is the last thing.
    """
    priority = 'LOWEST'

    def __init__(self, iteration=None, val_epoch=None, saved_epoch=None):
        self.iteration = iteration
        self.val_epoch = val_epoch
        self.saved_epoch = saved_epoch

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter + 1 == self.iteration:
            die()

    def after_val_iter(self, runner, batch_idx, *args, **kwargs):
        if runner.epoch == self.val_epoch and batch_idx == 1:
            die()

    def after_train_epoch(self, runner):
        if runner.epoch + 1 == self.saved_epoch:
            die()


def die_while_saving(epoch, saves):
    """End the process in the middle of the n-th save of an epoch.

    With ``save_best``, CheckpointHook saves a new best epoch a second time.
    """
    write, left = os.fsync, [saves]

    def die_in_time(descriptor):
        path = os.readlink(f'/proc/self/fd/{descriptor}')
        if f'/epoch_{epoch}.pth' in path:
            left[0] -= 1
            if left[0] == 0:
                os.truncate(path, os.path.getsize(path) // 2)
                die()
        write(descriptor)

    os.fsync = die_in_time


def loader(batch_size, shuffle, dataset):
    return dict(
        batch_size=batch_size,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dataset)


def images(split, *augmentations, **options):
    return dict(
        type='mmcurv.FashionMini',
        split=split,
        serialize_data=False,  # serializing collects garbage: 0.4 s
        pipeline=[*augmentations, dict(type='PackInputs')],
        **options)


def config(work_dir,
           regularize,
           random_states=True,
           hooks=(),
           save_best=False,
           **changes):
    """An ImageClassifier on 413 images, 13 iterations in an epoch."""
    curvature = dict(
        type='mmcurv.FeaturePoolHook',
        layer='head.layers.1.fc',
        start_epoch=2,
        live='batch',
        curvature=dict(k=8),
        loss=dict(tau=1e12))  # the weak term: the run is so short
    train_set = dict(
        type='mmcurv.LongTailed',
        counts=[160, 100, 60, 36, 22, 14, 9, 6, 4, 2],
        dataset=images('train',
                       dict(type='RandomCrop', crop_size=28, padding=4),
                       dict(type='RandomFlip', prob=0.5)))
    states = dict(type='mmcurv.RandomStateHook')
    default_hooks = dict(random_states=states) if random_states else {}
    if save_best:
        default_hooks['checkpoint'] = dict(
            type='CheckpointHook',
            interval=1,
            max_keep_ckpts=2,
            save_best='accuracy/top1',
            rule='greater')
    return dict(
        model=dict(
            type='ImageClassifier',
            backbone=dict(
                type='mmcurv.CifarResNet',
                depth=8,
                in_channels=1,
                base_channels=4),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(  # drop-out: torch's random numbers matter, too
                type='StackedLinearClsHead',
                in_channels=16,
                mid_channels=[12],
                dropout_rate=0.2,
                num_classes=10)),
        data_preprocessor=dict(num_classes=10, mean=[73.], std=[90.]),
        train_dataloader=loader(32, True, train_set),
        val_dataloader=loader(50, False, images('test', indices=150)),
        val_evaluator=dict(type='Accuracy'),
        val_cfg=dict(),
        train_cfg=dict(by_epoch=True, max_epochs=EPOCHS),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
        param_scheduler=SCHEDULE,
        custom_hooks=[*([curvature] if regularize else []), *hooks],
        default_hooks=default_hooks,
        default_scope='mmpretrain',
        randomness=dict(seed=3),
        work_dir=work_dir,
        log_level='ERROR',
        **changes)


def run_job(kill=None, half_saved=None, hooks=(), **options):
    hooks = [*hooks, dict(type='KillHook', **(kill or {}))]
    if half_saved:
        die_while_saving(**half_saved)
    Runner.from_cfg(config(hooks=hooks, **options)).train()


def run_in_child(job):
    child = os.fork()
    if child == 0:
        try:
            run_job(**job)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    dies = job.get('kill') or job.get('half_saved')
    expected = -signal.SIGKILL if dies else 0
    if os.waitstatus_to_exitcode(status) != expected:
        raise SystemExit(f'{job} ended with status {status}.')


if __name__ == '__main__':
    prepare_forks()
    with open(sys.argv[1]) as jobs_file:
        for next_job in json.load(jobs_file):
            run_in_child(next_job)
