# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.audit.report.numbers import fixed, signed
from mmcurv.benchmark.tables.mean_text import (mean_text, state_text,
                                               why_not_run, with_interval)

nan = math.nan
THREE = dict(mean=67.25, low=65., high=69.5, n=3)
NONE = dict(mean=nan, low=nan, high=nan, n=0)


def cell(reasons=(), **states):
    return dict(states=states, reasons=list(reasons))


def test_a_mean_has_half_of_its_interval_and_its_seeds():
    assert mean_text(cell(done=3), THREE, fixed(2)) == '67.25 ± 2.25 (n = 3)'


def test_missing_seeds_are_told():
    assert mean_text(cell(done=3, failed=2), THREE,
                     fixed(1)) == '67.2 ± 2.2 (3 of 5 seeds)'


def test_one_seed_has_no_interval():
    one = dict(mean=67.25, low=nan, high=nan, n=1)
    assert mean_text(cell(done=1), one, fixed(2)) == '67.25 (n = 1)'


def test_half_of_an_interval_has_no_sign():
    entry = dict(difference=-1., low=-3., high=1.)
    assert with_interval(entry, signed, 'difference') == '−1.00 ± 2.00'


@pytest.mark.parametrize('states, text', [
    (dict(done=3), '–'),
    (dict(done=1, failed=2), '–'),
    (dict(missing=3), 'not run'),
    ({
        'no config': 3
    }, 'not run (no config)'),
    (dict(missing=1, running=2), 'not run (running)'),
    (dict(partial=3), 'not run (not finished)'),
    (dict(missing=1, failed=2), 'failed (seed 0: boom)'),
    (dict(unreadable=1), 'failed (seed 0: boom)'),
    ({
        'other run': 1
    }, 'failed (seed 0: boom)'),
])
def test_a_cell_without_a_number_says_why(states, text):
    one = cell(['seed 0: boom', 'seed 1: bang'], **states)
    assert state_text(one) == mean_text(one, NONE, fixed(2)) == text


def test_a_long_reason_is_cut_and_an_unknown_one_is_the_state():
    text = state_text(cell(['x' * 300], failed=1))
    assert len(text) == len('failed ()') + 80 and text.endswith('…)')
    assert why_not_run(cell(failed=1)) == 'failed (failed)'
