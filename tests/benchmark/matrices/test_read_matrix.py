# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.read_matrix import read_matrix
from mmcurv.engine.config_options import UsageError
from tests.benchmark.matrix_file import CIFAR10, CONTENT, write_matrix


def refusal(path):
    with pytest.raises(UsageError) as caught:
        read_matrix(path)
    return str(caught.value)


def methods(**changes):
    return [dict(CONTENT['methods'][0], **changes)]


def test_entries_are_filled_in(tmp_path):
    matrix = read_matrix(write_matrix(tmp_path))
    assert matrix['methods'][1]['cr'] == [False]
    assert matrix['methods'][0]['cr'] is None
    assert [one['with'] for one in matrix['data']] == [[CIFAR10], []]
    assert matrix['data'][0]['options'] == {}
    assert matrix['variants'] == [
        dict(variant='', cr=None, options={}, tau=None)
    ]


def test_file_has_to_be_there(tmp_path):
    assert 'found none at' in refusal(str(tmp_path / 'no.yml'))


def test_file_has_to_be_yaml(tmp_path):
    path = tmp_path / 'small.yml'
    path.write_text('name: [small\n')
    message = refusal(str(path))
    assert 'expected YAML' in message and 'line 2' in message


def test_key_that_stands_twice_is_refused(tmp_path):
    path = write_matrix(tmp_path)
    with open(path, 'a') as file:
        file.write('seeds: [7]\n')
    assert "the key 'seeds' stands here twice" in refusal(path)


@pytest.mark.parametrize('text', ['[1, 2]', 'schema: mmcurv.run', ''])
def test_other_yaml_is_no_matrix(text, tmp_path):
    path = tmp_path / 'small.yml'
    path.write_text(text)
    assert "with 'schema: mmcurv.matrix'" in refusal(str(path))


def test_newer_schema_is_refused_before_its_keys(tmp_path):
    path = write_matrix(tmp_path, schema_version=2, new_key=1)
    message = refusal(path)
    assert 'expected schema_version 1, got 2' in message
    assert 'newer mmcurv' in message


def test_name_is_that_of_the_file(tmp_path):
    path = tmp_path / 'other.yml'
    path.write_text(open(write_matrix(tmp_path)).read())
    assert "name: expected 'other'" in refusal(str(path))


def test_entry_with_a_fault_is_named(tmp_path):
    path = write_matrix(tmp_path, methods=methods(confg='x'))
    message = refusal(path)
    assert "methods, entry 1 ('CE'): unknown key 'confg'" in message
    assert "did you mean 'config'" in message


@pytest.mark.parametrize('changes, words', [
    (dict(seeds=[0, 1, 0]), 'seeds: 0 stands in [0, 1, 0] more than once'),
    (dict(cr=[True, True]), 'cr: True stands'),
    (dict(methods=methods(data=['cifar10-lt'] * 2)),
     "methods: data: 'cifar10-lt' stands"),
    (dict(data=[dict(dataset='X', slug='x', factors=[10, 10.])]),
     'data: factors: 10.0 stands'),
])
def test_repeated_value_is_refused(changes, words, tmp_path):
    assert words in refusal(write_matrix(tmp_path, **changes))


def test_unknown_slug_names_the_nearest(tmp_path):
    path = write_matrix(tmp_path, methods=methods(data=['cifar10-it']))
    assert "did you mean 'cifar10-lt'?" in refusal(path)


def test_seed_is_no_option(tmp_path):
    own = {'randomness.seed': 1}
    data = [dict(dataset='X', slug='x', options=own)]
    for changes in (dict(options=own), dict(data=data)):
        path = write_matrix(tmp_path, **changes)
        assert 'randomness.seed is set for each run' in refusal(path)


def test_tau_is_that_of_its_option(tmp_path):
    variant = dict(
        variant='tau=10', tau=20, options={'custom_hooks.0.loss.tau': 10})
    path = write_matrix(tmp_path, variants=[variant])
    assert 'tau is 20, but its option custom_hooks.0.loss.tau is 10' in (
        refusal(path))


def test_paper_has_to_have_the_table(tmp_path):
    path = write_matrix(tmp_path, paper_table='Table 1, Tabel 6')
    assert "the paper has no 'Tabel 6': did you mean" in refusal(path)
    read_matrix(write_matrix(tmp_path, paper_table='Table 5, Table 6'))
