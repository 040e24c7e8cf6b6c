# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.tables.main_words import best_words, main_words
from tests.benchmark.synthetic_runs import example_collection, spec


def test_the_main_evaluation_is_named():
    collection = example_collection([spec()], epochs=3)
    assert main_words(collection) == 'after the last epoch'
    collection['runs'][0]['record']['protocol']['main'] = 'best'
    chosen = 'after the best epoch, chosen on the test set by overall'
    assert main_words(collection) == best_words(collection) == chosen


def test_several_are_all_named():
    collection = example_collection([spec(), spec(method='Focal')], epochs=3)
    collection['runs'][1]['record']['protocol']['main'] = 'best'
    assert main_words(collection) == (
        'after the last epoch and after the best epoch, chosen on the test '
        'set by overall')


def test_without_a_finished_run_there_is_nothing_to_name():
    collection = example_collection([spec()], {spec().name: ('missing', None)})
    assert main_words(collection) == best_words(collection) == ''
