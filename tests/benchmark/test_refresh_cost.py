# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import time

import pytest

from tests.benchmark.bench_program import bench_program

refresh_cost = bench_program('refresh_cost')
many_classes = bench_program('many_classes')
timed_parts = refresh_cost.timed_parts


def test_points_measured_are_those_of_the_refresh(monkeypatch):
    monkeypatch.setattr(many_classes, 'WIDTH', 16)
    counts = refresh_cost.class_sizes(12, 30, 4, 120)
    found = refresh_cost.measure((12, 30, 4, 120), {'batch': 1, 'all': 1})
    steps = found['steps']
    assert steps['all']['points'] == sum(counts) == found['images']
    assert steps['batch']['points'] < steps['all']['points']
    for step in steps.values():
        assert sum(step['shares'].values()) == pytest.approx(1)
        assert step['seconds'] > 0 and step['core_seconds'] > 0


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
