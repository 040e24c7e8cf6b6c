# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.paper.verdict import RULE
from mmcurv.benchmark.tables.paper_tables import paper_tables, verdict_words
from tests.benchmark.synthetic_runs import example_collection, spec


def tables(*arguments, **keywords):
    return paper_tables(summarize(example_collection(*arguments, **keywords)))


def test_numbers_and_gains_have_a_table_each_with_the_rule():
    numbers, gains = tables()
    assert numbers.title == ('Table 1 of the paper: 8 not reproduced, 48 not '
                             'run')
    assert gains.title.startswith('Gains by CR in Table 1: ')
    assert RULE in numbers.note and RULE in gains.note
    for table in (numbers, gains):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_row_says_paper_ours_seeds_verdict_and_reason():
    numbers, gains = tables()
    row, = [
        row for row in numbers.rows if row[0] == 'Cross Entropy + CR'
        and row[1] == 'CIFAR-10-LT, imbalance 100'
    ]
    assert row[2:] == [
        'ResNet-32', 'overall', '72.6', '69.57 ± 2.31', '3', 'not reproduced',
        '3.03 points below the paper'
    ]
    row, = [
        row for row in gains.rows
        if row[0] == 'Cross Entropy' and row[1] == 'CIFAR-10-LT, imbalance 100'
    ]
    assert row[4:6] == ['+2.3', '+2.30 ± 0.25']


def test_doubtful_numbers_have_a_mark_and_its_reason():
    numbers, gains = tables([spec()], paper_table='Table 2')
    for table in (numbers, gains):
        marked = [row for row in table.rows if row[4].endswith(' †')]
        assert {row[0].removesuffix(' + CR') for row in marked} == {
            'RIDE (4*)'
        }  # yapf: disable
        assert all('† ' in row[-1] for row in marked)


def test_correlations_and_variances_are_shown_in_their_units():
    numbers, gains = tables([spec()], paper_table='Table 6, Table 7')
    assert ['25.7', '14.2'] == [row[4] for row in numbers.rows[:2]]
    assert numbers.rows[8][3:5] == ['pcc curvature accuracy', '−0.58']
    assert gains.rows[0][4] == '−11.50'


def test_no_table_of_the_paper_no_tables():
    assert tables([spec()], paper_table=None) == []


def test_verdicts_are_counted():
    rows = [dict(verdict=v) for v in ('not run', 'reproduced', 'not run')]
    assert verdict_words(rows) == '1 reproduced, 2 not run'
    assert verdict_words([]) == 'none'
