# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import time

import pytest

from tests.benchmark.bench_program import bench_program

timed_parts = bench_program('step_parts').timed_parts


class Work:
    """Sleeps in two functions, of which one calls the other."""

    def outer(self):
        time.sleep(0.02)
        self.inner()

    def inner(self):
        time.sleep(0.06)

    def unused(self):
        pass


def test_part_counts_without_the_part_that_it_calls():
    parts = {'all': ((Work, 'outer'), ), 'own': ((Work, 'inner'), )}
    started = time.perf_counter()
    with timed_parts(parts) as seconds:
        Work().outer()
        time.sleep(0.01)
    spent = time.perf_counter() - started
    assert seconds['own'] >= 0.06
    assert seconds['all'] >= 0.02 and seconds['rest'] >= 0.01
    assert sum(seconds.values()) <= spent
    assert seconds['all'] <= spent - 0.07


def test_functions_are_what_they_were_after_the_block():
    before = Work.inner
    with timed_parts({'own': ((Work, 'inner'), )}):
        Work().inner()
    assert Work.inner is before


def test_part_that_did_not_run_is_named():
    with pytest.raises(RuntimeError, match="'idle'"):
        with timed_parts({'idle': ((Work, 'unused'), )}):
            Work().inner()
