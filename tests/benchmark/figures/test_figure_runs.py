# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.benchmark.figures.figure_runs import data_label, figure_runs
from tests.benchmark.page_example import mixed_example
from tests.benchmark.synthetic_runs import example_collection, spec


def test_data_sets_carry_their_imbalance():
    assert data_label('CIFAR-10-LT', 100) == 'CIFAR-10-LT, imbalance 100'
    assert data_label('CIFAR-100', None) == 'CIFAR-100'


def test_finished_runs_carry_their_main_numbers():
    collection, _ = mixed_example()
    runs = figure_runs(collection)['runs']
    assert len(runs) == 12  # of CE; nothing else is done
    record = collection['runs'][0]['record']
    metrics = record['results']['last']['metrics']
    assert runs[0]['overall'] == pytest.approx(metrics['overall'] / 100)
    assert runs[0]['variance'] == metrics['variance']
    assert runs[0]['pearson'] == record['geometry']['correlation']
    assert runs[0]['dataset'] == 'CIFAR-10-LT, imbalance 100'


def test_main_number_is_the_one_that_the_protocol_names():
    collection = example_collection([spec()])
    record = collection['runs'][0]['record']
    record['protocol']['main'] = 'best'
    run, = figure_runs(collection)['runs']
    best = record['results']['best']['metrics']['overall']
    assert run['overall'] == pytest.approx(best / 100)


def test_what_was_not_measured_is_nan():
    collection = example_collection([spec()])
    collection['runs'][0]['record']['geometry'] = None
    run, = figure_runs(collection)['runs']
    assert math.isnan(run['pearson'])
    assert math.isnan(run['log_curvature_variance'])
