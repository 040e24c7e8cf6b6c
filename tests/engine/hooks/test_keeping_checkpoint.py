# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checkpoints of some epochs that stay."""
import pytest

import mmcurv.engine.hooks  # noqa: F401
from mmcurv.engine.hooks import KeepingCheckpointHook
from tests.engine import curvature_run


def saved(work_dir, epochs, keep, resume=False, **options):
    """Epochs whose checkpoints a run leaves."""
    saving = dict(
        type='mmcurv.KeepingCheckpointHook', keep_epochs=keep, **options)
    curvature_run.build(
        work_dir,
        default_hooks=dict(checkpoint=saving),
        max_epochs=epochs,
        resume=resume).train()
    return sorted(int(path.stem[6:]) for path in work_dir.glob('epoch_*.pth'))


def test_kept_epochs_stay_beside_the_newest_ones(tmp_path):
    options = dict(interval=1, max_keep_ckpts=2)
    assert saved(tmp_path / 'a', 6, [1, 2], **options) == [1, 2, 5, 6]
    assert saved(tmp_path / 'b', 6, [5], **options) == [4, 5, 6]
    assert saved(tmp_path / 'c', 6, [9], **options) == [5, 6]


def test_epoch_between_two_saves_is_saved(tmp_path):
    assert saved(tmp_path / 'a', 7, [2], interval=3) == [2, 3, 6, 7]
    assert saved(tmp_path / 'b', 4, [2], interval=1, save_begin=4) == [2, 4]
    assert saved(tmp_path / 'c', 3, [2], save_last=False) == [2]


def test_resumed_run_keeps_what_is_still_there(tmp_path):
    options = dict(interval=1, max_keep_ckpts=2)
    assert saved(tmp_path, 3, [], **options) == [2, 3]
    assert saved(tmp_path, 4, [2], True, **options) == [2, 3, 4]
    options['max_keep_ckpts'] = 1
    assert saved(tmp_path, 7, [2, 5], True, **options) == [2, 5, 7]


def test_loop_over_iterations_is_refused():
    with pytest.raises(ValueError, match='needs by_epoch=True'):
        KeepingCheckpointHook(by_epoch=False, keep_epochs=[1])
