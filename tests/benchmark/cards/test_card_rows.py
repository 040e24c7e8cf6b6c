# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.cards.card_rows import KeptRuns, card_rows, config_runs
from mmcurv.benchmark.matrix import FACTOR
from tests.benchmark.kept_runs import (CONFIG, IF10, IF100, entry,
                                       kept_collection)

CR = f'{IF100}_cr'
BOTH = [entry(IF100), entry(CR)]
SHORT = {'train_cfg.max_epochs': 20}


def files(collections):
    """Which file a pair of configs takes its runs from, and how many."""
    row, = card_rows(BOTH, collections)
    return [(kept.file, len(kept.runs))
            for kept in (row.plain_runs, row.cr_runs)]


def test_each_config_stands_beside_its_twin_in_the_order_of_the_file():
    lone = f'{IF10}_cr'
    rows = card_rows([entry(CR), entry(lone), entry(IF100)], {})
    assert [(row.plain, row.cr) for row in rows] == [(entry(IF100), entry(CR)),
                                                     (None, entry(lone))]
    assert all(row.cr_runs == KeptRuns('', []) for row in rows)


def test_runs_of_the_config_count_however_it_is_written():
    found = config_runs(entry(), kept_collection({IF100: [70, 71], IF10: [1]}))
    assert [run['seed'] for run in found] == [0, 1]
    # The option of the factor repeats what the data have.
    assert FACTOR in found[0]['options'] and not entry().options


def test_cr_of_a_file_and_of_the_switch_are_one():
    kept = kept_collection({CR: [70]})
    plain = entry(CR)._replace(cr_switch=False)
    file = plain._replace(config=CONFIG.replace('.py', '_cr.py'))
    assert len(config_runs(file, kept)) == 1
    assert config_runs(plain, kept) == []


@pytest.mark.parametrize('options, counts', [
    (SHORT, 0),
    ({
        'train_cfg.val_interval': 10
    }, 1),
    ({
        'default_hooks.geometry.interval': 5,
        'default_hooks.checkpoint.save_best': None
    }, 1),
    ({
        'train_cfg.val_interval': 10,
        **SHORT
    }, 0),
    ({
        'randomness.deterministic': True
    }, 0),
])
def test_runs_whose_options_change_the_recipe_do_not(options, counts):
    collection = kept_collection({IF100: [70]}, options=options)
    assert len(config_runs(entry(), collection)) == counts


@pytest.mark.parametrize('state', ['failed', 'partial', 'missing'])
def test_runs_that_are_not_done_do_not(state):
    collection = kept_collection({IF100: [70, 71]})
    collection['runs'][0].update(state=state, record=None)
    assert [run['seed'] for run in config_runs(entry(), collection)] == [1]


def test_runs_without_a_config_do_not():
    collection = kept_collection({IF100: [70]})
    collection['runs'][0].update(state='no config', config=None, record=None)
    assert config_runs(entry(), collection) == []


def test_a_seed_counts_once():
    collection = kept_collection({IF100: [70]})
    collection['runs'].append(dict(collection['runs'][0], variant='again'))
    assert len(config_runs(entry(), collection)) == 1


def test_collection_with_both_configs_goes_before_one_with_more_runs():
    assert files({
        'a': kept_collection({IF100: [1] * 5}),
        'b': kept_collection({
            IF100: [2],
            CR: [3]
        }),
        'c': kept_collection({CR: [4] * 5}),
    }) == [('b', 1), ('b', 1)]


def test_most_runs_go_first_and_among_equals_the_newest():
    pair = {IF100: [1, 2], CR: [3]}
    assert files({
        'a':
        kept_collection(pair, created='2026-03-01'),
        'b':
        kept_collection(pair, created='2026-02-01'),
        'c':
        kept_collection({
            IF100: [1],
            CR: [3]
        }, created='2026-04-01'),
    }) == [('a', 2), ('a', 1)]


def test_what_one_collection_lacks_comes_from_another():
    assert files({
        'a': kept_collection({IF100: [1] * 3}),
        'b': kept_collection({CR: [3]}),
        'c': kept_collection({CR: [4] * 2}),
    }) == [('a', 3), ('c', 2)]


def test_without_records_there_are_no_runs():
    assert files({}) == [('', 0), ('', 0)]
    assert files({'a': kept_collection({IF10: [1]})}) == [('', 0), ('', 0)]
