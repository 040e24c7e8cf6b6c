# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.select_runs import select_runs
from mmcurv.engine.config_options import UsageError
from tests.benchmark.synthetic_runs import small_specs, spec

RUNS = small_specs()  # CE, Focal, BBN at 100 and 10, with and without CR


def test_without_conditions_all_runs_are_kept():
    assert select_runs(RUNS) == RUNS
    assert select_runs([]) == []


@pytest.mark.parametrize('only, number', [
    (['method=CE'], 12),
    (['method=ce', 'method=BBN'], 24),
    (['cr=true'], 18),
    (['cr=true', 'seed=0', 'factor=100', 'method=Focal'], 1),
    (['factor=100.0'], 18),
    (['dataset=CIFAR-10-LT'], 36),
    (['model=ResNet-32', 'variant='], 36),
])
def test_conditions_of_one_key_are_alternatives(only, number):
    chosen = select_runs(RUNS, only)
    assert len(chosen) == number
    assert chosen == [run for run in RUNS if run in chosen]  # their order


def test_value_may_hold_an_equals_sign():
    runs = [spec(), spec(variant='tau=10')]
    assert select_runs(runs, ['variant=tau=10']) == runs[1:]


def test_balanced_data_have_the_factor_none():
    runs = [spec(), spec(imbalance_factor=None)]
    assert select_runs(runs, ['factor=none']) == runs[1:]


@pytest.mark.parametrize('only, words', [
    ('method', "expected KEY=VALUE, got 'method'"),
    ('methd=CE', "unknown key 'methd': did you mean 'method'?"),
    ('method=Focall', "unknown method 'Focall': did you mean 'Focal'?"),
    ('cr=yes', "unknown cr 'yes': expected 'false', 'true'"),
    ('factor=50', "unknown factor '50': expected '100', '10'"),
    ('seed=7', "unknown seed '7': expected '0', '1', '2'"),
])
def test_unknown_word_names_the_nearest(only, words):
    with pytest.raises(UsageError) as caught:
        select_runs(RUNS, [only])
    assert words in str(caught.value)


def test_conditions_that_nothing_fits_are_refused():
    runs = [spec(), spec(method='BBN', seed=1)]
    with pytest.raises(UsageError, match='no run fits all of method=CE, '):
        select_runs(runs, ['method=CE', 'seed=1'])
