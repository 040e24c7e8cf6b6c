# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.collecting.alike import (check_alike, plain_key,
                                               runs_by_cell)
from tests.benchmark.synthetic_runs import example_collection, spec

SEEDS = [spec(seed=seed) for seed in (0, 1)]
PAIR = [spec(), spec(cr=True)]


def changed(specs, section, key, value):
    """Two runs, the second of which differs in one entry of its record."""
    collection = example_collection(specs, epochs=3)
    record = collection['runs'][1]['record']
    (record[section] if section else record)[key] = value
    return collection


@pytest.mark.parametrize('section, key, value, words', [
    ('split', 'fingerprint', 'f' * 64, 'fingerprint of the train split'),
    ('protocol', 'epochs', 20, "{'epochs': 3} in the first and "
     "{'epochs': 20} in the second"),
    ('protocol', 'main', 'best', 'the protocol'),
    ('config', 'hash', 'e' * 64, 'hash of the config'),
    (None, 'schema_version', 2, 'is 1 in the first and 2 in the second'),
])
def test_unlike_runs_are_not_averaged(section, key, value, words):
    with pytest.raises(ValueError) as error:
        check_alike(changed(SEEDS, section, key, value))
    text = str(error.value)
    assert words in text and 'cannot be averaged' in text
    assert all(repr(one.name) in text for one in SEEDS)
    assert '--only' in text


@pytest.mark.parametrize('section, key, value', [
    ('split', 'fingerprint', 'f' * 64),
    ('protocol', 'epochs', 20),
    ('protocol', 'head_above', 50),
])
def test_unlike_runs_are_not_compared(section, key, value):
    with pytest.raises(ValueError, match='cannot be compared') as error:
        check_alike(changed(PAIR, section, key, value))
    assert all(repr(one.name) in str(error.value) for one in PAIR)
    assert str(value) in str(error.value)


def test_a_pair_may_differ_in_its_configs():
    check_alike(changed(PAIR, 'config', 'hash', 'e' * 64))


def test_both_fingerprints_are_told():
    collection = changed(SEEDS, 'split', 'fingerprint', 'f' * 64)
    first = collection['runs'][0]['record']['split']['fingerprint']
    with pytest.raises(ValueError, match=f'{first}.*{"f" * 64}'):
        check_alike(collection)


def test_a_split_that_one_run_does_not_know_is_another_one():
    with pytest.raises(ValueError, match='and None in the second'):
        collection = example_collection(SEEDS, epochs=3)
        collection['runs'][1]['record']['split'] = None
        check_alike(collection)


def test_runs_of_different_cells_may_differ_in_all():
    specs = [spec(), spec(method='Focal'), spec(imbalance_factor=10)]
    check_alike(changed(specs, 'protocol', 'epochs', 20))


def test_runs_that_are_not_done_are_not_looked_at():
    check_alike(
        example_collection(SEEDS, {SEEDS[1].name: ('failed', 'broke')}))


def test_a_variant_with_cr_is_compared_with_the_plain_run():
    specs = [spec(), spec(cr=True, variant='tau=10')]
    with pytest.raises(ValueError, match='tau=10'):
        check_alike(changed(specs, 'protocol', 'epochs', 20))
    key = specs[1].cell
    assert plain_key(key) == specs[0].cell


def test_cells_hold_their_seeds_in_order():
    runs = example_collection([spec(seed=2), *PAIR], epochs=3)['runs']
    found = runs_by_cell(runs)
    assert [run['seed'] for run in found[spec().cell]] == [2, 0]
    assert list(found) == [spec().cell, spec(cr=True).cell]
