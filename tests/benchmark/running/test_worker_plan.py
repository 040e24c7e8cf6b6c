# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.running import worker_plan
from mmcurv.benchmark.running.worker_plan import (Worker, plan_workers,
                                                  usable_gpus)
from mmcurv.engine.config_options import UsageError


def test_each_core_trains_one_run_with_one_thread():
    assert plan_workers(4) == [Worker(1, None)] * 4


def test_more_threads_leave_fewer_workers():
    assert plan_workers(8, threads=3) == [Worker(3, None)] * 2
    assert plan_workers(8, workers=2, threads=4) == [Worker(4, None)] * 2


def test_each_gpu_has_one_worker():
    assert plan_workers(16, ['0', '3']) == [Worker(1, '0'), Worker(1, '3')]
    assert plan_workers(16, ['0', '3'], workers=1) == [Worker(1, '0')]


def test_gpus_beyond_the_cores_stay_idle():
    assert plan_workers(2, ['0', '1', '2']) == [Worker(1, '0'), Worker(1, '1')]


@pytest.mark.parametrize('asked, message', [
    (dict(workers=3), '3 workers with 1 threads each need 3 cores'),
    (dict(workers=2, threads=2), 'need 4 cores, and there are 2'),
    (dict(threads=3), 'need 3 cores, and there are 2'),
])
def test_more_threads_than_cores_are_refused(asked, message):
    with pytest.raises(UsageError, match=message):
        plan_workers(2, **asked)
    plan = plan_workers(2, oversubscribe=True, **asked)
    assert len(plan) == asked.get('workers', 1)


def test_two_runs_on_one_gpu_are_refused():
    with pytest.raises(UsageError, match='2 workers need as many GPUs'):
        plan_workers(8, ['0'], workers=2)
    shared = plan_workers(8, ['0', '1'], workers=3, oversubscribe=True)
    assert [worker.gpu for worker in shared] == ['0', '1', '0']


@pytest.mark.parametrize('asked', [dict(workers=0), dict(threads=0)])
def test_no_worker_and_no_thread_are_refused(asked):
    with pytest.raises(UsageError, match='expected at least 1, got 0'):
        plan_workers(2, **asked)


@pytest.mark.parametrize('variable, count, names', [
    (None, 2, ['0', '1']), ('3, 5', 2, ['3', '5']), ('GPU-ab', 1, ['GPU-ab']),
    ('', 0, []), ('3,-1,4', 1, ['3']), (None, 0, [])
])  # yapf: disable
def test_gpus_are_those_that_this_process_sees(monkeypatch, variable, count,
                                               names):
    monkeypatch.setattr(worker_plan.torch.cuda, 'device_count', lambda: count)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if variable is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', variable)
    assert usable_gpus() == names
