# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import hashlib
import json
import os

import pytest

import mmcurv
from mmcurv import files
from mmcurv.files import (bytes_text, config_file, did_you_mean, file_sha256,
                          listed, parse_bytes, shipped_file, write_csv,
                          write_json, write_text)


def test_file_appears_whole_in_a_folder_that_was_missing(tmp_path):
    path = tmp_path / 'a' / 'b.txt'
    write_text(str(path), 'Zürich\n')
    assert path.read_text(encoding='utf-8') == 'Zürich\n'
    assert os.listdir(path.parent) == ['b.txt']


def test_failed_write_leaves_the_old_file_and_nothing_else(
        tmp_path, monkeypatch):
    path = tmp_path / 'record.json'
    write_json(str(path), dict(a=1))

    def fail(source, target):
        raise OSError('disk full')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='disk full'):
        write_json(str(path), dict(a=2))
    assert json.loads(path.read_text()) == dict(a=1)
    assert os.listdir(tmp_path) == ['record.json']


def test_json_is_strict_and_nan_is_null(tmp_path):
    path = tmp_path / 'record.json'
    write_json(str(path), dict(a=[float('nan'), (float('inf'), 1.5)], b='x'))

    def refuse(name):
        raise AssertionError(f'{name} is no JSON')

    record = json.loads(path.read_text(), parse_constant=refuse)
    assert record == dict(a=[None, [None, 1.5]], b='x')


def test_csv_quotes_commas_and_keeps_nan(tmp_path):
    path = tmp_path / 'rows.csv'
    write_csv(str(path), [dict(name='d, e', value=float('nan'), group=None)])
    assert path.read_text() == 'name,value,group\n"d, e",nan,\n'


def test_nearest_word_is_named():
    assert did_you_mean('Focall', ['CE', 'Focal']) == "did you mean 'Focal'?"


def test_case_does_not_hide_the_nearest_word():
    assert did_you_mean('focal', ['CE', 'FOCAL']) == "did you mean 'FOCAL'?"


def test_without_a_near_word_all_are_named_once():
    assert did_you_mean('x', ['CE', 'CE', 100]) == "expected 'CE', '100'"
    assert did_you_mean('x', []) == 'expected none at all'


def test_long_list_of_names_ends_with_the_number_of_the_others():
    assert listed(['a', 'b', 'c']) == 'a, b, c'
    assert listed([1, 2, 3, 4], at_most=2) == '1, 2 and 2 more'
    assert listed([]) == 'none'


def test_hash_of_a_file_is_that_of_all_its_bytes(tmp_path):
    content = b'x' * (2**20 + 1)  # more than one block
    (tmp_path / 'a').write_bytes(content)
    assert file_sha256(tmp_path / 'a') == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize('written, size', [
    (7, 7),
    ('7 B', 7),
    ('800', 800),
    ('12 GiB', 12 * 2**30),
    ('1.5GB', 1_500_000_000),
    (' 2 kB ', 2000),
    ('0.25 MiB', 2**18),
    ('2G', 2**31),
    ('500m', 500 * 2**20),
    ('64 KB', 64000),
])
def test_numbers_and_units_are_read(written, size):
    assert parse_bytes(written) == size


@pytest.mark.parametrize(
    'written',
    ['', '12 giga', 'GiB', 'much', '-1 MB', '1e3 MB', 0, -4, 2.5, True])
def test_what_is_no_size_is_refused_with_the_units(written):
    with pytest.raises(ValueError, match='12 GiB.*MiB.*got'):
        parse_bytes(written)


@pytest.mark.parametrize('size, text', [(1023, '1023 B'), (1024, '1 KiB'),
                                        (1536, '1.5 KiB'),
                                        (1000 * 2**20, '1000 MiB'),
                                        (5 * 2**30, '5 GiB')])
def test_text_has_the_largest_binary_unit(size, text):
    assert bytes_text(size) == text


def test_text_is_read_as_about_the_same_size():
    for size in (77, 4321, 123_456_789, 5_268_000_000):
        assert parse_bytes(bytes_text(size)) == pytest.approx(size, rel=0.005)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A package without anything beside it."""
    package = tmp_path / 'mmcurv'
    package.mkdir()
    monkeypatch.setattr(files, 'PACKAGE', str(package))
    return tmp_path


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


def test_this_checkout_has_the_training_tool():
    assert shipped_file('tools/train.py').endswith('/tools/train.py')
    assert mmcurv.__file__.endswith('mmcurv/__init__.py')


def test_checkout_comes_before_the_copies_of_an_old_build(place):
    touch(place / 'mmcurv' / '.mim' / 'tools' / 'train.py')
    touch(place / 'setup.py')
    own = touch(place / 'tools' / 'train.py')
    assert shipped_file('tools/train.py') == own


def test_installed_package_does_not_take_what_lies_beside_it(place):
    touch(place / 'tools' / 'train.py')  # of another project
    with pytest.raises(FileNotFoundError, match='install mmcurv again'):
        shipped_file('tools/train.py')
    own = touch(place / 'mmcurv' / '.mim' / 'tools' / 'train.py')
    assert shipped_file('tools/train.py') == own


def test_config_of_the_user_comes_before_the_one_that_is_shipped(
        place, monkeypatch):
    path = 'configs/ce/x.py'
    shipped = touch(place / 'mmcurv' / '.mim' / path)
    (place / 'here').mkdir()
    monkeypatch.chdir(place / 'here')
    assert config_file(path) == shipped
    touch(place / 'here' / path)
    assert config_file(path) == path
