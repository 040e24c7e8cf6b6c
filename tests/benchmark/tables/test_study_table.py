# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.study_table import study_table
from tests.benchmark.page_example import study_example
from tests.benchmark.synthetic_runs import example_collection, spec


def overall(collection, variant, cr):
    return np.array([
        run['record']['results']['last']['metrics']['overall']
        for run in collection['runs']
        if run['variant'] == variant and run['cr'] == cr
    ])


def test_plain_runs_come_first_with_their_mean():
    collection, summary = study_example()
    first = study_table(collection, summary).rows[0]
    assert first[0] == 'CE without CR'
    mean = overall(collection, '', False).mean()
    assert first[1].startswith(f'{mean:.2f} ± ')
    assert first[1].endswith('(n = 3)')


def test_each_setting_is_its_difference_from_the_plain_runs():
    collection, summary = study_example()
    table = study_table(collection, summary)
    assert [row[0]
            for row in table.rows[1:]] == ['CR', 'CR, tau=10', 'CR, tau=100']
    for variant, row in zip(('', 'tau=10', 'tau=100'), table.rows[1:]):
        change = overall(collection, variant, True) - overall(
            collection, '', False)
        shown = row[1].split(' ± ')[0].replace('−', '-')
        assert float(shown) == np.round(change.mean(), 2)
        assert row[-1] == f'{(change > 0).sum()} of 3'


def test_setting_that_failed_says_so():
    specs = [spec(seed=seed) for seed in range(2)]
    specs += [spec(seed=s, cr=True, variant='x') for s in range(2)]
    states = {one.name: ('failed', 'no disk') for one in specs if one.cr}
    collection = example_collection(specs, states, paper_table=None)
    row = study_table(collection, summarize(collection)).rows[1]
    assert row[0] == 'CR, x' and row[1] == 'failed (seed 0: no disk)'
    assert set(row[2:]) == {''}


def test_every_row_has_as_many_texts_as_there_are_columns():
    table = study_table(*study_example())
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert len(table.align) == len(table.columns)
