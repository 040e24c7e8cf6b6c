# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.benchmark.collecting.metrics import METRICS
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.pages.number_tables import (cell_state, number_tables,
                                                  signs, varied)
from mmcurv.benchmark.pages.page_numbers import PAGE_NUMBERS
from tests.benchmark.page_example import (MARKUP, mixed_example,
                                          models_example, study_example,
                                          with_summary)
from tests.benchmark.synthetic_runs import example_collection, spec


def tables_of(summary):
    return {table['number'].key: table for table in number_tables(summary)}


def row_of(table, method, title='CIFAR-10-LT, imbalance 100'):
    group, = [group for group in table['groups'] if group['title'] == title]
    return [row for row in group['rows'] if row['method'] == method][0]


def test_every_number_of_a_summary_has_its_words_in_the_same_order():
    assert tuple(number.key for number in PAGE_NUMBERS) == METRICS


def test_row_holds_both_means_and_what_lies_between():
    _, summary = mixed_example()
    row = row_of(tables_of(summary)['overall'], 'CE')
    plain, cr = (
        cell['metrics']['overall']['mean'] for cell in summary['cells'][:2])
    assert [cell['text']
            for cell in row['cells']] == [f'{plain:.2f}', f'{cr:.2f}']
    assert row['difference'] == f'{cr - plain:+.2f}'
    assert row['interval'] == '+2.05 to +2.55'
    assert (row['signs'], row['outcome'],
            row['tone']) == ('3 of 3 up', 'clearly better', 'better')
    low, middle, high = row['bar']
    assert 0.5 < low < middle < high <= 1


def test_less_variance_is_better():
    _, summary = mixed_example()
    row = row_of(tables_of(summary)['variance'], 'CE')
    assert row['difference'].startswith('−')
    assert (row['signs'], row['outcome']) == ('3 of 3 down', 'clearly better')


def test_cells_without_a_run_say_why_and_the_rest_of_the_row_is_empty():
    _, summary = mixed_example()
    table = tables_of(summary)['overall']
    for method, title, words in ((MARKUP, 'CIFAR-10-LT, imbalance 100',
                                  'failed'),
                                 (MARKUP, 'CIFAR-10-LT, imbalance 10',
                                  'not run'), ('BBN',
                                               'CIFAR-10-LT, imbalance 10',
                                               'no config')):
        row = row_of(table, method, title)
        assert [cell['text'] for cell in row['cells']] == [words] * 2
        assert row['difference'] == row['outcome'] == row['p'] == ''
        assert row['bar'] is None


def test_number_that_finished_runs_lack_is_a_dash_and_not_zero():
    _, summary = mixed_example()
    cell = summary['cells'][0]
    assert math.isnan(cell['metrics']['tail']['mean'])
    assert cell_state(cell) == '–'
    assert 'tail' not in tables_of(summary)
    assert cell_state(None) == 'not planned'


def test_lost_seeds_are_told():
    specs = [spec(cr=cr, seed=seed) for cr in (False, True) for seed in (0, 1)]
    collection = example_collection(specs,
                                    {specs[1].name: ('failed', 'killed')})
    row = row_of(tables_of(summarize(collection))['overall'], 'CE')
    assert row['cells'][0]['notes'] == ['1 of 2 seeds']
    ends, = row['cells'][1]['notes']
    assert ' to ' in ends
    assert (row['outcome'], row['interval'], row['p']) == ('no test', '–', '–')


def test_variants_are_rows_beside_the_run_without_cr():
    _, summary = study_example()
    assert varied(summary, 'variant') and not varied(summary, 'model')
    group, = tables_of(summary)['overall']['groups']
    assert [row['variant']
            for row in group['rows']] == ['', 'tau=10', 'tau=100']
    assert len({row['cells'][0]['text'] for row in group['rows']}) == 1
    assert all(row['difference'] == '+2.30' for row in group['rows'])


def test_changed_baseline_is_a_row_without_a_difference():
    specs = [spec(), spec(cr=True), spec(variant='longer')]
    _, summary = with_summary(example_collection(specs, paper_table=None))
    group, = tables_of(summary)['overall']['groups']
    last = group['rows'][-1]
    assert [cell['known'] for cell in last['cells']] == [True, False]
    assert (last['variant'], last['difference']) == ('longer', '')
    assert last['cells'][1]['text'] == 'not planned'


def test_models_are_rows_of_one_data_set():
    _, summary = models_example()
    assert varied(summary, 'model')
    groups = tables_of(summary)['overall']['groups']
    assert [group['title'] for group in groups] == ['CIFAR-100', 'ImageNet']
    assert [row['model']
            for row in groups[0]['rows']] == ['VGG-16', 'ResNet-18']


@pytest.mark.parametrize('up, down, zero, words', [
    (3, 0, 0, '3 of 3 up'),
    (1, 2, 0, '2 of 3 down'),
    (1, 1, 0, '1 up, 1 down'),
    (1, 0, 2, '1 of 3 up'),
    (0, 0, 2, 'all equal'),
    (0, 0, 0, '–'),
])
def test_signs_name_the_larger_side(up, down, zero, words):
    n = up + down + zero
    assert signs(dict(n=n, positive=up, negative=down, zero=zero)) == words
