# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.benchmark.planning import machine_speed as module
from mmcurv.benchmark.planning.finished_runs import FinishedRun
from mmcurv.benchmark.planning.machine_speed import (machine_speed,
                                                     time_convolution)


def run(multiply_adds, seconds=2., samples=10):
    return FinishedRun('x.py', 'hash', 1, 99., seconds, samples, multiply_adds)


def test_speed_is_the_median_over_ended_runs():
    speed = machine_speed([run(1000), run(2000), run(9000)])
    assert speed.multiply_adds == 3 * 2000 * 10 / 2.
    assert speed.source == 'median of 3 runs that ended here'
    assert 'one run' in machine_speed([run(1000)]).source


@pytest.mark.parametrize('finished', [[], [run(None)], [run(1, seconds=0.)]])
def test_without_such_runs_a_convolution_is_timed(finished, monkeypatch):
    monkeypatch.setattr(module, 'time_convolution', lambda: 7.)
    speed = machine_speed(finished)
    assert speed.multiply_adds == 7.
    assert 'a convolution timed just now' in speed.source


def test_convolution_is_timed_in_one_thread_and_leaves_the_others():
    threads = torch.get_num_threads()
    assert time_convolution(0.01) > 1e6
    assert torch.get_num_threads() == threads
