# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os

import pytest

from mmcurv.atomic_write import write_csv, write_json, write_text


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
