# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.matrix_fields import (DATA, MATRIX, METHOD,
                                                     VARIANT, filled, slug)
from mmcurv.engine.config_options import UsageError
from tests.benchmark.matrix_file import CONTENT

DATA_ENTRY = dict(dataset='X', slug='x')
METHOD_ENTRY = dict(method='CE', model='R', config=None)


@pytest.mark.parametrize('name, expected', [
    ('CE', 'ce'),
    ('LDAM-DRW', 'ldam-drw'),
    ('RIDE (4*)', 'ride-4'),
    ('RIDE + CMO', 'ride-cmo'),
    ('De-c-TDE', 'de-c-tde'),
    ('tau=2.5', 'tau=2.5'),
    ('max_mode=hard, m=1', 'max_mode=hard-m=1'),
    ('../..', ''),
])
def test_slug_is_a_part_of_a_path(name, expected):
    assert slug(name) == expected


def test_absent_keys_have_their_defaults():
    matrix = filled(CONTENT, MATRIX, 'here')
    assert matrix['cr'] == [False, True]
    assert matrix['variants'] == [dict(variant='')]
    assert (matrix['about'], matrix['paper_table']) == ('', None)
    assert (matrix['protocol'], matrix['options']) == ({}, {})
    assert filled(DATA_ENTRY, DATA, 'here')['factors'] is None


@pytest.mark.parametrize('fields, entry, key, value', [
    (MATRIX, CONTENT, 'seeds', []),
    (MATRIX, CONTENT, 'seeds', [0.5]),
    (MATRIX, CONTENT, 'seeds', [True]),
    (MATRIX, CONTENT, 'seeds', [-1]),
    (MATRIX, CONTENT, 'seeds', [2**32]),
    (MATRIX, CONTENT, 'seeds', 3),
    (MATRIX, CONTENT, 'cr', [0, 1]),
    (MATRIX, CONTENT, 'cr', True),
    (MATRIX, CONTENT, 'title', False),
    (MATRIX, CONTENT, 'paper_table', 1),
    (MATRIX, CONTENT, 'protocol', dict(epoch=200)),
    (MATRIX, CONTENT, 'protocol', dict(epochs=0)),
    (MATRIX, CONTENT, 'options', dict(train_cfg=dict(max_epochs=2))),
    (MATRIX, CONTENT, 'options', {
        1: 2
    }),
    (MATRIX, CONTENT, 'methods', [None]),
    (DATA, DATA_ENTRY, 'slug', 'CIFAR_10'),
    (DATA, DATA_ENTRY, 'factors', [0.01]),
    (DATA, DATA_ENTRY, 'factors', [float('inf')]),
    (DATA, DATA_ENTRY, 'slug', 'cifar_10'),
    (METHOD, METHOD_ENTRY, 'method', '+'),
    (METHOD, METHOD_ENTRY, 'method', '_'),
    (METHOD, METHOD_ENTRY, 'config', ''),
    (METHOD, METHOD_ENTRY, 'with', 'a.py'),
    (VARIANT, dict(variant=''), 'variant', 'Seed0'),
    (VARIANT, dict(variant=''), 'tau', 1),
])
def test_value_that_does_not_fit_is_named(fields, entry, key, value):
    with pytest.raises(UsageError) as caught:
        filled({**entry, key: value}, fields, 'here')
    message = str(caught.value)
    assert message.startswith(f'here: {key}: expected ')
    assert message.endswith(f'got {value!r}')


def test_unknown_key_names_the_nearest():
    with pytest.raises(
            UsageError, match="here: unknown key 'seed': did you "
            "mean 'seeds'"):
        filled(dict(CONTENT, seed=[0]), MATRIX, 'here')


@pytest.mark.parametrize('key', ['name', 'title', 'seeds', 'data', 'methods'])
def test_missing_key_is_named(key):
    entry = {k: v for k, v in CONTENT.items() if k != key}
    with pytest.raises(UsageError, match=f"the key '{key}' is missing"):
        filled(entry, MATRIX, 'here')
