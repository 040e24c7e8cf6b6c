# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os

import pytest

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


def test_evaluation_that_was_done_is_not_repeated(tmp_path):
    run(tmp_path, 2)
    path = tmp_path / 'class_accuracy' / 'epoch_002.json'
    path.write_text('{}')
    run(tmp_path, 3, resume=True)
    assert path.read_text() == '{}'


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
