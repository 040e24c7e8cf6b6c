# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import math

import numpy as np
import pytest
from scipy import stats

from mmcurv.benchmark.collecting.metrics import (ACCURACIES, METRICS,
                                                 run_metrics)
from mmcurv.benchmark.collecting.summary import summarize
from tests.benchmark.synthetic_runs import (example_collection, small_specs,
                                            spec)

SPECS = small_specs()
COLLECTION = example_collection(SPECS)
SUMMARY = summarize(COLLECTION)


def slow_values(cell, metric):
    """Numbers of a cell by seed, by looking at every run."""
    found = {}
    for run in COLLECTION['runs']:
        if all(run[key] == cell[key]
               for key in ('method', 'cr', 'dataset', 'imbalance_factor',
                           'model', 'variant')) and run['state'] == 'done':
            value = run_metrics(run['record'])[metric]
            if not math.isnan(value):
                found[run['seed']] = value
    return found


def test_cells_are_those_of_the_matrix_in_its_order():
    keys = [(cell['method'], cell['imbalance_factor'], cell['cr'])
            for cell in SUMMARY['cells']]
    assert keys == [(method, factor, cr) for method in ('CE', 'Focal', 'BBN')
                    for factor in (100, 10) for cr in (False, True)]


@pytest.mark.parametrize('metric', METRICS)
def test_means_and_intervals_are_those_of_a_slow_loop(metric):
    for cell in SUMMARY['cells']:
        known = slow_values(cell, metric)
        entry = cell['metrics'][metric]
        assert entry['n'] == len(known)
        assert dict(zip(entry['seeds'], entry['values'])) == known
        if not known:
            assert math.isnan(entry['mean'])
            continue
        values = list(known.values())
        assert entry['mean'] == pytest.approx(np.mean(values))
        if np.ptp(values):
            assert (entry['low'], entry['high']) == pytest.approx(
                stats.t.interval(0.95, 2, np.mean(values), stats.sem(values)))


@pytest.mark.parametrize('metric', METRICS)
def test_differences_are_those_of_a_slow_loop(metric):
    p_values = {}
    for i, pair in enumerate(SUMMARY['pairs']):
        plain, changed = (
            slow_values(dict(pair, cr=cr), metric) for cr in (False, True))
        seeds = sorted(set(plain) & set(changed))
        entry = pair['metrics'][metric]
        assert entry['seeds'] == seeds and entry['n'] == len(seeds)
        if not seeds:
            assert math.isnan(entry['difference'])
            continue
        both = [[runs[seed] for seed in seeds] for runs in (changed, plain)]
        assert entry['difference'] == pytest.approx(
            np.mean(np.subtract(*both)))
        if not math.isnan(entry['p']):
            assert entry['p'] == pytest.approx(stats.ttest_rel(*both).pvalue)
            p_values[i] = entry['p']
    # Holm: each is multiplied by how many are not smaller, then raised to
    # the largest before it.
    order, largest = sorted(p_values, key=p_values.get), 0
    for rank, i in enumerate(order):
        largest = max(largest, min(1, (len(order) - rank) * p_values[i]))
        found = SUMMARY['pairs'][i]['metrics'][metric]['p_holm']
        assert found == pytest.approx(largest)


def test_pairs_are_those_that_the_matrix_has():
    assert len(SUMMARY['pairs']) == 6
    summary = summarize(example_collection([spec(cr=True)], epochs=3))
    assert summary['pairs'] == []


def test_pairs_take_the_seeds_that_both_have():
    names = [one.name for one in (spec(seed=0), spec(cr=True, seed=2))]
    collection = example_collection(
        SPECS, {name: ('missing', None)
                for name in names}, epochs=3)
    entry = summarize(collection)['pairs'][0]['metrics']['overall']
    assert entry['seeds'] == [1] and entry['n'] == 1


def test_states_and_reasons_are_told():
    collection = example_collection(
        SPECS, {
            SPECS[0].name: ('failed', 'exit code 1: boom'),
            SPECS[1].name: ('missing', None)
        },
        epochs=3)
    cell = summarize(collection)['cells'][0]
    assert cell['states'] == dict({
        'other run': 0,
        'no config': 0
    },
                                  done=1,
                                  failed=1,
                                  missing=1,
                                  running=0,
                                  partial=0,
                                  unreadable=0)
    assert cell['reasons'] == ['seed 0: exit code 1: boom']
    assert cell['metrics']['overall']['seeds'] == [2]


def test_best_evaluation_stands_beside_the_main_one():
    cell = SUMMARY['cells'][0]
    assert tuple(cell['best_metrics']) == ACCURACIES
    assert cell['best_metrics']['overall']['mean'] > (
        cell['metrics']['overall']['mean'])


def test_variants_with_cr_are_compared_with_the_plain_run():
    specs = [
        spec(seed=seed, cr=cr, variant=variant, tau=tau)
        for cr, variant, tau in ((False, '', None), (True, 'tau=10', 10),
                                 (True, 'tau=50', 50)) for seed in (0, 1)
    ]
    pairs = summarize(example_collection(specs, epochs=3))['pairs']
    assert [(pair['variant'], pair['tau'])
            for pair in pairs] == [('tau=10', 10), ('tau=50', 50)]
    assert all(pair['metrics']['overall']['n'] == 2 for pair in pairs)


def test_paper_is_empty_without_a_table():
    summary = summarize(
        example_collection([spec()], epochs=3, paper_table=None))
    assert summary['paper'] == summary['paper_gains'] == []


def test_unlike_runs_are_not_summarized():
    collection = copy.deepcopy(COLLECTION)
    collection['runs'][0]['record']['protocol']['main'] = 'best'
    with pytest.raises(ValueError, match='cannot be averaged'):
        summarize(collection)


def test_warnings_are_those_of_the_runs():
    collection = copy.deepcopy(COLLECTION)
    assert SUMMARY['warnings'] == []
    collection['runs'][0]['record']['code']['clean'] = False
    assert len(summarize(collection)['warnings']) == 1
