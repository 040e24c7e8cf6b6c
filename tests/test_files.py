# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import hashlib
import json
import os

import pytest

from mmcurv.files import (did_you_mean, file_sha256, listed, write_csv,
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
