# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.pair_tables import pair_tables
from tests.benchmark.synthetic_runs import example_collection, spec

SUMMARY = summarize(example_collection())


def test_each_number_has_difference_pairs_p_and_signs():
    table = pair_tables(SUMMARY)[0]
    assert table.title == 'What CR changed: CIFAR-10-LT, imbalance 100'
    entry = SUMMARY['pairs'][0]['metrics']['overall']
    assert table.rows[0] == [
        'CE', 'Overall', '+2.30 ± 0.25', '3', '0.0006', '0.0025', '3 / 0 / 0'
    ]
    assert f'{entry["difference"]:+.2f}' == '+2.30'
    assert f'{entry["p"]:.4f}' == '0.0006'
    assert len(table.align) == len(table.columns) == len(table.rows[0])


def test_numbers_that_no_pair_has_are_left_out_but_for_the_first():
    rows = [row[:2] for row in pair_tables(SUMMARY)[0].rows]
    assert ['CE', 'Tail'] not in rows  # no class is in the tail
    assert [row for row in rows if row[0] == 'BBN'] == [['BBN', 'Overall']]


def test_one_pair_has_a_difference_without_interval_and_p():
    summary = summarize(example_collection([spec(), spec(cr=True)]))
    row = pair_tables(summary)[0].rows[0]
    assert row[2].startswith('+') and '±' not in row[2]
    assert row[3:] == ['1', '–', '–', '1 / 0 / 0']


def test_no_pairs_no_table():
    assert pair_tables(summarize(example_collection([spec()]))) == []
