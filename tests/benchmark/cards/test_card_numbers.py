# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy import stats

from mmcurv.benchmark.cards.card_numbers import (card_numbers,
                                                 has_changed_config)
from mmcurv.benchmark.cards.card_rows import card_rows
from mmcurv.engine.config_options import UsageError
from tests.benchmark.kept_runs import IF100, entry, kept_collection

CR = f'{IF100}_cr'
BOTH = [entry(IF100), entry(CR)]


def row(collections, entries=BOTH):
    one, = card_rows(entries, collections)
    return one


def pair(**changes):
    return kept_collection({IF100: [70, 71, 72], CR: [71, 73, 74]}, **changes)


def test_mean_and_interval_are_those_of_scipy():
    found = card_numbers(row({'a': pair()})).plain
    low, high = stats.t.interval(0.95, 2, 71, stats.sem([70, 71, 72]))
    assert (found['mean'], found['n']) == (71, 3)
    assert [found['low'], found['high']] == pytest.approx([low, high])


def test_change_is_that_of_the_seeds():
    found = card_numbers(row({'a': pair()})).change
    low, high = stats.t.interval(0.95, 2, 5 / 3, stats.sem([1, 2, 2]))
    assert found['difference'] == pytest.approx(5 / 3)
    assert [found['low'], found['high']] == pytest.approx([low, high])


def test_change_is_over_common_seeds_only():
    collection = pair()
    collection['runs'][0].update(state='failed', record=None)
    found = card_numbers(row({'a': collection}))
    assert (found.plain['n'], found.cr['n'], found.change['n']) == (2, 3, 2)
    assert found.change['difference'] == 2


def test_one_run_has_no_interval():
    found = card_numbers(row({'a': kept_collection({CR: [73.5]})}))
    assert found.plain is None and found.change is None
    assert (found.cr['mean'], found.cr['n']) == (73.5, 1)
    assert np.isnan(found.cr['low'])


def test_names_of_the_matrices_do_not_matter():
    a = kept_collection({IF100: [70, 71]}, method='CE', variant='plain')
    b = kept_collection({CR: [72, 75]}, method='Cross Entropy', model='R32')
    found = card_numbers(row({'a': a, 'b': b}))
    assert found.change['difference'] == 3


@pytest.mark.parametrize('section, key, value, words', [
    ('split', 'fingerprint', 'f' * 64, 'fingerprint of the train split'),
    ('protocol', 'tail_below', 10, 'the protocol'),
    ('config', 'hash', 'e' * 64, 'hash of the config'),
])
def test_unlike_runs_are_an_error_that_names_them(section, key, value, words):
    collection = pair()
    collection['runs'][1]['record'][section][key] = value
    with pytest.raises(UsageError, match=words) as error:
        card_numbers(row({'benchmarks/records/a.json': collection}))
    for run in collection['runs'][:2]:
        assert f'{run["name"]} (benchmarks/records/a.json)' in str(error.value)


@pytest.mark.parametrize('key, value', [('epochs', 20), ('main', 'best'),
                                        ('epochs', None)])
def test_runs_have_to_follow_the_protocol_of_the_metafile(key, value):
    collection = pair()
    for run in collection['runs']:
        run['record']['protocol'][key] = value
    with pytest.raises(UsageError) as error:
        card_numbers(row({'a': collection}))
    text = str(error.value)
    assert (f'{IF100}: its Protocol in metafile.yml is Epochs 200, Main '
            'Number last epoch') in text
    assert collection['runs'][0]['name'] in text
    assert ('best epoch' if value == 'best' else str(value)) in text


def test_config_that_is_another_one_by_now_is_noticed():
    collection = pair(options={'train_cfg.val_interval': 5})
    one = row({'a': collection})
    assert not has_changed_config(one.plain_runs)
    collection['runs'][0]['config_hash'] = 'e' * 64
    assert has_changed_config(one.plain_runs)
    assert not has_changed_config(one.cr_runs)
