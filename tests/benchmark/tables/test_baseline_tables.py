# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np

from mmcurv.audit.report.numbers import ABSENT
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.baseline_tables import baseline_tables
from tests.benchmark.page_example import study_example
from tests.benchmark.synthetic_runs import example_collection, spec


def two_methods(seeds=((0, 1, 2), (0, 1, 2))):
    specs = [
        spec(method=method, seed=seed, cr=cr)
        for method, own in zip(('CE', 'Focal Loss'), seeds) for seed in own
        for cr in (False, True)
    ]
    return example_collection(specs, paper_table=None)


def values(collection, method, metric):
    """By seed, of runs without CR."""
    return {
        run['seed']: run['record']['results']['last']['metrics'][metric]
        for run in collection['runs']
        if run['method'] == method and not run['cr']
    }


def test_method_is_its_mean_difference_from_the_first_one_by_seed():
    collection = two_methods()
    (table, ) = baseline_tables(summarize(collection))
    ((name, *texts), ) = table.rows
    assert name == 'Focal Loss'
    assert table.title == 'Against CE: CIFAR-10-LT, imbalance 100'
    for text, metric in zip(texts, ('overall', 'head', 'middle')):
        first, other = (
            values(collection, method, metric)
            for method in ('CE', 'Focal Loss'))
        change = np.mean([other[seed] - first[seed] for seed in first])
        assert float(text.split(' ± ')[0].replace('−',
                                                  '-')) == np.round(change, 2)


def test_only_common_seeds_enter():
    collection = two_methods(seeds=((0, 1), (1, 2)))
    (table, ) = baseline_tables(summarize(collection))
    first, other = (
        values(collection, method, 'overall')
        for method in ('CE', 'Focal Loss'))
    shown = table.rows[0][1].split(' ± ')[0].replace('−', '-')
    assert float(shown) == np.round(other[1] - first[1], 2)


def test_group_without_a_class_is_absent_and_not_tested():
    collection = two_methods()
    assert {*values(collection, 'CE', 'tail').values()} == {None}
    (table, ) = baseline_tables(summarize(collection))
    assert table.columns[4] == 'Tail'
    assert table.rows[0][4] == table.rows[0][6] == ABSENT
    assert table.rows[0][7] == '0 of 0'


def test_one_method_has_no_such_table():
    _, summary = study_example()
    assert baseline_tables(summary) == []
