# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.all_tables import all_tables
from tests.benchmark.synthetic_runs import example_collection, spec

COLLECTION = example_collection([spec(), spec(cr=True)], epochs=3)


def test_every_table_has_as_many_texts_as_columns_in_every_row():
    tables = all_tables(COLLECTION, summarize(COLLECTION), best=True)
    assert len(tables) == 6
    for table in tables:
        assert len(table.align) == len(table.columns)
        assert set(table.align) <= set('lrw')
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert all(isinstance(text, str) for text in row)


def test_best_epoch_comes_on_request():
    summary = summarize(COLLECTION)
    titles = [[table.title for table in all_tables(COLLECTION, summary, best)]
              for best in (False, True)]
    added, = set(titles[1]) - set(titles[0])
    assert 'chosen on the test set' in added
