# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from tests.benchmark.bench_program import bench_program

refresh_cost = bench_program('refresh_cost')
many_classes = bench_program('many_classes')


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
