# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import io

import pytest
from rich.console import Console

from mmcurv.benchmark.matrix import Matrix
from mmcurv.benchmark.planning.estimate_run import COUNTED, Estimate
from mmcurv.benchmark.planning.plan_cells import PlanRun, Total
from mmcurv.benchmark.planning.plan_table import (STYLES, cell_table,
                                                  memory_text, run_table,
                                                  states_text, time_text)
from mmcurv.benchmark.states.run_state import KINDS, RunState
from tests.benchmark.synthetic_runs import small_specs

MATRIX = Matrix('small', 'A small matrix', '', None, {}, 'small.yml', [])
LONG = 'detach_max=False, live=batch, tau=1e6, and some more of the same kind'


def printed(renderable, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue().splitlines()


def plan(**changes):
    runs = []
    for spec in small_specs():
        state = RunState('missing', None, 200)
        estimate = Estimate(60., COUNTED, 2_500_000)
        if spec.config is None:
            state, estimate = RunState('no config'), Estimate(None, None, None)
        elif spec.seed == 0:
            state = RunState('done', 200, 200)
        runs.append(PlanRun(spec._replace(**changes), state, estimate))
    return runs


def test_every_kind_has_its_style():
    assert set(STYLES) == set(KINDS)


def test_cells_have_one_line_each_and_share_what_is_equal():
    lines = printed(cell_table(MATRIX, plan()))
    assert lines[:3] == [
        'A small matrix', 'small.yml',
        'Data CIFAR-10-LT, Model ResNet-32, Seeds 0–2'
    ]
    rows = [line.split() for line in lines if '100' in line.split()]
    assert len(rows) == 6
    assert rows[1] == (
        'CE + CR 100 200 1 done, 2 missing 2 min 0 s 2.5 MB').split()
    assert rows[-1] == 'BBN + CR 100 – 3 no config – –'.split()


def test_runs_have_one_line_each():
    lines = printed(run_table(MATRIX, plan()))
    rows = [line.split() for line in lines if '100' in line.split()]
    assert len(rows) == 18
    assert rows[0] == 'CE 100 0 200 of 200 done – 2.5 MB'.split()
    assert rows[1] == 'CE 100 1 0 of 200 missing 1 min 0 s 2.5 MB'.split()


@pytest.mark.parametrize('table', [cell_table, run_table])
def test_long_names_wrap_and_nothing_is_cut(table):
    lines = printed(table(MATRIX, plan(variant=LONG)))
    assert max(map(len, lines)) <= 100
    text = ' '.join(' '.join(lines).split())
    assert '…' not in text
    for word in LONG.split():
        assert word in text


@pytest.mark.parametrize('summed, text', [
    (Total({}, 2, 90., 0, None), '1 min 30 s'),
    (Total({}, 2, 90., 1, None), '> 1 min 30 s'),
    (Total({}, 2, 0., 2, None), '?'),
    (Total({}, 0, 0., 0, None), '–'),
])
def test_time_says_whether_all_of_it_is_known(summed, text):
    assert time_text(summed) == text


@pytest.mark.parametrize('size, text', [(None, '?'), (2_500, '2.5 kB'),
                                        (1_860_000, '1.9 MB'),
                                        (3_580_000_000, '3.6 GB')])
def test_memory_is_in_decimal_units(size, text):
    assert memory_text(size) == text


def test_states_are_counted():
    assert states_text({'done': 2, 'failed': 1}).plain == '2 done, 1 failed'
