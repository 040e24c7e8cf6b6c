# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run takes over from a checkpoint's feature pool."""
import pytest
import torch

from tests.engine.curvature_run import build, hook_of, pool_hook, pool_of
from tests.engine.runner_log import log_of
from tests.engine.toy_run import COUNTS


@pytest.fixture(scope='module')
def first(tmp_path_factory):
    """A run of two epochs, its pool and its last checkpoint."""
    work_dir = tmp_path_factory.mktemp('first')
    runner = build(work_dir, pool_hook(), max_epochs=2)
    runner.train()
    return runner, str(work_dir / 'epoch_2.pth')


def go_on(tmp_path, checkpoint, resume=True, **hook):
    return build(
        tmp_path, pool_hook(**hook), load_from=checkpoint, resume=resume)


def test_load_from_starts_with_an_empty_pool(tmp_path, first):
    runner = go_on(tmp_path, first[1], resume=False)
    runner.train()
    assert pool_of(runner).arrived.tolist() == list(COUNTS)


class StopRun(Exception):
    """Ends a run after its first step."""


def test_resume_continues_with_the_pool(tmp_path, first):
    runner = go_on(tmp_path, first[1])
    hook_of(runner).after_train_iter = stop_run
    with pytest.raises(StopRun):
        runner.train()
    ours, theirs = pool_of(runner), pool_of(first[0])
    changed = (ours.features != theirs.features).any(1)
    assert changed.sum() <= 16 and torch.equal(ours.image, theirs.image)


def stop_run(*args, **kwargs):
    raise StopRun


@pytest.mark.parametrize('options, said', [
    (dict(pool=dict(max_per_class=7)), r'slots=19.*has: 165 slots, not 19'),
    (dict(pool=dict(addressing='fifo')), "'fifo'.*has: addressing='index'"),
    (dict(pool=dict(dtype='float16')), r'float16.*has: dtype=torch\.float32'),
    (dict(curvature=dict(k=6, normal='next')),
     "has: curvature=.*'smallest'.*, not .*'next'"),
])
def test_resume_with_another_pool_names_both(tmp_path, first, options, said):
    runner = go_on(tmp_path, first[1], **options)
    with pytest.raises(RuntimeError, match=f'(?s)does not fit.*{said}'):
        runner.train()


def test_resume_without_a_pool_in_the_checkpoint_warns(tmp_path):
    build(tmp_path / 'first', max_epochs=2).train()
    runner = go_on(tmp_path / 'second', str(tmp_path / 'first/epoch_2.pth'))
    said = log_of(runner)
    runner.train()
    assert sum('has no feature pool' in text for text in said) == 1


def test_pool_of_a_run_that_never_saw_a_batch_is_passed_on(tmp_path, first):
    """Resumed at its own end, a run saves what it was given."""
    runner = build(
        tmp_path, pool_hook(), max_epochs=2, load_from=first[1], resume=True)
    runner.train()
    checkpoint = {}
    hook_of(runner).before_save_checkpoint(runner, checkpoint)
    state = checkpoint['mmcurv_feature_pool']['layers']['head.fc']['curvature']
    assert torch.equal(state['pool.features'], pool_of(first[0]).features)
