# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

from mmcurv.benchmark.collecting.metrics import (METRICS, evaluation_metrics,
                                                 run_metrics)
from tests.benchmark.synthetic_runs import run_record, spec


def test_numbers_are_those_of_the_main_evaluation():
    record = run_record(spec())
    last, best = (
        record['results'][name]['metrics'] for name in ('last', 'best'))
    assert run_metrics(record)['overall'] == last['overall']
    record['protocol']['main'] = 'best'
    assert run_metrics(record)['overall'] == best['overall']
    assert evaluation_metrics(record, 'last')['overall'] == last['overall']


def test_every_number_is_there_in_its_order():
    found = run_metrics(run_record(spec(cr=True)))
    assert tuple(found) == METRICS
    assert found['seconds'] == 2200 and found['cr_share'] > 0
    assert -1 <= found['correlation'] < 0


def test_what_a_record_does_not_know_is_nan():
    record = run_record(spec())
    assert math.isnan(run_metrics(record)['tail'])  # null: no class
    record.update(results=None, geometry=None)
    found = run_metrics(record)
    assert math.isnan(found['overall']) and math.isnan(found['correlation'])
    assert found['seconds'] == 2000
