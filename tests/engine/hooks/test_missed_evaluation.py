# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook

from tests.engine import curvature_run
from tests.engine.toy_run import val_parts


def run(work_dir, epochs, resume=False, val_interval=1, **options):
    parts = dict(val_parts())
    parts.update(options)
    runner = curvature_run.build(
        work_dir,
        dict(type='mmcurv.MissedEvaluationHook'),
        default_hooks=dict(
            class_counts=dict(type='mmcurv.ClassCountsHook'),
            random_state=dict(type='mmcurv.RandomStateHook'),
            checkpoint=dict(type='CheckpointHook')),
        max_epochs=epochs,
        resume=resume,
        **parts)
    runner.train_loop.dynamic_intervals = [val_interval]
    runner.train()
    return runner


def evaluations(work_dir):
    folder = work_dir / 'class_accuracy'
    return {
        path.name: json.loads(path.read_text())
        for path in sorted(folder.glob('*.json'))
    }


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    run(folder, 3)
    return evaluations(folder)


@pytest.mark.parametrize('killed_after', [1, 2, 3])
def test_resumed_run_has_every_evaluation_of_the_whole_one(
        tmp_path, whole, killed_after):
    run(tmp_path, killed_after)
    os.remove(tmp_path / f'class_accuracy/epoch_{killed_after:03d}.json')
    run(tmp_path, 3, resume=True)
    assert evaluations(tmp_path) == whole


def test_evaluation_that_was_cut_short_is_repeated(tmp_path, whole):
    run(tmp_path, 2)
    (tmp_path / 'class_accuracy' / 'epoch_002.json').write_text('{}')
    run(tmp_path, 3, resume=True)
    assert evaluations(tmp_path) == whole


class FullDisk(Hook):
    """Has no room in an epoch's evaluation: for the best checkpoint, or for
    the one after it, which tells what is best."""

    def __init__(self, epoch, before):
        self.epoch, self.before = epoch, before

    def before_val(self, runner):
        save = runner.save_checkpoint

        def fail(folder, filename, *args, **kwargs):
            best = filename.startswith('best')
            if runner.epoch == self.epoch and best == self.before:
                raise OSError('No space left on device')
            save(folder, filename, *args, **kwargs)

        runner.save_checkpoint = fail


class Given(BaseMetric):
    """Scores by epoch: 2 is the best, and 3 better than 1."""
    train_counts = tag = None  # ClassCountsHook sets them

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        scores = dict(epoch_001=10., epoch_002=19.3, epoch_003=14.25)
        return {'score': scores[self.tag]}


def scored(work_dir, *hooks, resume=False):
    runner = curvature_run.build(
        work_dir,
        dict(type='mmcurv.MissedEvaluationHook'),
        *hooks,
        default_hooks=dict(
            class_counts=dict(type='mmcurv.ClassCountsHook'),
            checkpoint=dict(
                type='CheckpointHook',
                max_keep_ckpts=1,
                save_best='toy/score',
                rule='greater')),
        resume=resume,
        **val_parts(metric=[Given(prefix='toy')]))
    runner.train()
    return runner


def best_of(work_dir):
    return [path.name for path in work_dir.glob('best_*')]


@pytest.mark.parametrize('before', [False, True])
def test_best_epoch_survives_a_full_disk_in_its_evaluation(tmp_path, before):
    with pytest.raises(OSError, match='No space left'):
        scored(tmp_path, FullDisk(2, before))
    runner = scored(tmp_path, resume=True)
    assert best_of(tmp_path) == ['best_toy_score_epoch_2.pth']
    assert runner.message_hub.get_info('best_score') == 19.3
    saved = torch.load(tmp_path / 'epoch_3.pth', weights_only=False)
    info = saved['message_hub']['runtime_info']
    assert info['best_score'] == 19.3
    assert info['best_ckpt'] == str(tmp_path / best_of(tmp_path)[0])


def test_best_is_one_whose_weights_are_there(tmp_path):
    scored(tmp_path)
    (tmp_path / best_of(tmp_path)[0]).unlink()
    scored(tmp_path, resume=True)
    assert best_of(tmp_path) == ['best_toy_score_epoch_3.pth']


def test_best_of_a_later_epoch_is_not_that_of_a_run_that_goes_back(tmp_path):
    scored(tmp_path)
    best = tmp_path / best_of(tmp_path)[0]
    best.rename(tmp_path / 'best_toy_score_epoch_9.pth')
    scored(tmp_path, resume=True)
    assert 'best_toy_score_epoch_3.pth' in best_of(tmp_path)


def test_epoch_that_was_not_due_is_not_evaluated(tmp_path):
    run(tmp_path, 3, val_interval=2)  # of 3 epochs: 2 and the last one
    for name in ('epoch_002', 'epoch_003'):
        os.remove(tmp_path / 'class_accuracy' / f'{name}.json')
    run(tmp_path, 4, resume=True, val_interval=2)
    assert list(evaluations(tmp_path)) == ['epoch_004.json']


def test_new_run_is_not_evaluated_first(tmp_path, whole):
    run(tmp_path, 3)
    assert evaluations(tmp_path) == whole


def test_run_without_evaluation_is_left_alone(tmp_path):
    nothing = dict(val_dataloader=None, val_cfg=None, val_evaluator=None)
    run(tmp_path, 1, **nothing)
    assert run(tmp_path, 2, resume=True, **nothing).epoch == 2
