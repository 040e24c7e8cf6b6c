# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.planning.estimate_run import COUNTED, Estimate
from mmcurv.benchmark.planning.plan_cells import (PlanRun, by_cell,
                                                  number_ranges, total)
from mmcurv.benchmark.states.run_state import RunState
from tests.benchmark.synthetic_runs import small_specs, spec


def plan_run(kind, seconds=100., size=5, epoch=None, **changes):
    return PlanRun(
        spec(**changes), RunState(kind, epoch, 20),
        Estimate(seconds, COUNTED, size))


def test_cells_are_runs_that_differ_in_their_seeds():
    runs = [PlanRun(s, None, None) for s in small_specs()]
    cells = by_cell(runs)
    assert [len(cell) for cell in cells] == [3] * 12
    assert sum(cells, []) == runs


def test_total_adds_up_what_is_known():
    runs = [
        plan_run('done'),
        plan_run('missing', size=7),
        plan_run('partial', epoch=5),
        plan_run('missing', seconds=None, size=None),
        plan_run('no config', seconds=None, size=None),
        plan_run('other run')
    ]
    summed = total(runs)
    assert summed.states == {
        'done': 1,
        'partial': 1,
        'missing': 2,
        'no config': 1,
        'other run': 1
    }
    assert list(summed.states)[0] == 'done'
    assert (summed.open, summed.unknown) == (3, 1)
    assert summed.seconds == pytest.approx(175.)
    assert summed.pool_and_weights == 7


def test_total_of_unknown_sizes_is_unknown():
    assert total([plan_run('missing', size=None)]).pool_and_weights is None
    assert total([]).pool_and_weights is None


@pytest.mark.parametrize('numbers, text', [
    ([0], '0'),
    ([2, 0, 1], '0–2'),
    ([0, 1, 3, 7, 8], '0–1, 3, 7–8'),
    ([], ''),
])
def test_neighbouring_numbers_are_joined(numbers, text):
    assert number_ranges(numbers) == text
