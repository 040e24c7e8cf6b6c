# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.tables.open_table import open_tables
from tests.benchmark.synthetic_runs import example_collection, small_specs

SPECS = small_specs()


def test_runs_that_were_begun_are_told_with_their_reasons():
    table, = open_tables(
        example_collection(
            SPECS, {
                SPECS[0].name: ('failed', 'exit code 1: boom'),
                SPECS[1].name: ('missing', None),
                SPECS[2].name: ('partial', 'epoch 2 of 3')
            },
            epochs=3))
    assert table.rows == [[SPECS[0].name, 'failed', 'exit code 1: boom'],
                          [SPECS[2].name, 'partial', 'epoch 2 of 3']]


def test_finished_runs_and_those_never_begun_need_no_table():
    assert open_tables(example_collection(epochs=3)) == []
