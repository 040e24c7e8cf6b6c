# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.result_tables import detail_tables, overview_table
from tests.benchmark.synthetic_runs import (example_collection, small_specs,
                                            spec)

SPECS = small_specs()
COLLECTION = example_collection(
    SPECS, {
        SPECS[0].name: ('failed', 'exit code 1: boom'),
        SPECS[12].name: ('missing', None),
        SPECS[13].name: ('missing', None),
        SPECS[14].name: ('missing', None)
    })
SUMMARY = summarize(COLLECTION)


def test_overview_has_methods_by_data():
    table = overview_table(COLLECTION, SUMMARY)
    assert table.title == 'Overall accuracy after the last epoch'
    assert table.columns == [
        'Method', 'CIFAR-10-LT, imbalance 100', 'CIFAR-10-LT, imbalance 10'
    ]
    assert [row[0] for row in table.rows
            ] == ['CE', 'CE + CR', 'Focal', 'Focal + CR', 'BBN', 'BBN + CR']
    assert len(table.align) == len(table.columns)


def test_every_cell_says_what_it_stands_on():
    rows = {
        row[0]: row[1:]
        for row in overview_table(COLLECTION, SUMMARY).rows
    }
    assert rows['CE'][0] == '67.80 ± 2.54 (2 of 3 seeds)'
    assert rows['CE'][1] == '78.57 ± 2.35 (n = 3)'
    assert rows['Focal'][0] == 'not run'
    assert rows['BBN'] == ['not run (no config)'] * 2


def test_a_cell_that_the_matrix_lacks_is_empty():
    specs = [spec(), spec(method='Focal', imbalance_factor=10)]
    collection = example_collection(specs)
    table = overview_table(collection, summarize(collection))
    assert [[bool(text)
             for text in row] for row in table.rows] == [[True, True, False],
                                                         [True, False, True]]


def test_models_and_variants_are_named_where_they_differ():
    specs = [spec(), spec(model='VGG-16'), spec(cr=True, variant='tau=10')]
    collection = example_collection(specs)
    table = overview_table(collection, summarize(collection))
    assert [row[0] for row in table.rows
            ] == ['CE, ResNet-32', 'CE, VGG-16', 'CE + CR, ResNet-32: tau=10']


def test_details_have_a_table_for_each_data_set():
    tables = detail_tables(COLLECTION, SUMMARY)
    assert [table.title for table in tables] == [
        f'CIFAR-10-LT, imbalance {factor}, after the last epoch'
        for factor in (100, 10)
    ]
    assert tables[0].columns[:5] == [
        'Method', 'Overall', 'Head', 'Middle', 'Tail'
    ]
    rows = {row[0]: row[1:] for row in tables[0].rows}
    assert rows['CE'][3] == '–'  # no class is in the tail
    assert rows['CE + CR'][5].startswith('0.0162 ± ')
    assert all(len(row) == len(tables[0].columns) for row in tables[0].rows)


def test_best_epoch_has_tables_of_its_own_that_say_so():
    main, best = (
        detail_tables(COLLECTION, SUMMARY, best)[0] for best in (False, True))
    assert best.title == ('CIFAR-10-LT, imbalance 100, after the best epoch, '
                          'chosen on the test set by overall')
    assert 'Correlation' in main.columns and 'Correlation' not in best.columns
    assert best.rows[1][1] > main.rows[1][1]
