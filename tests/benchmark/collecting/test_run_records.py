# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import json

import pytest

from mmcurv.benchmark.collecting.run_records import kept_part, read_run_record
from mmcurv.files import write_json
from tests.benchmark.synthetic_runs import run_record, spec

RECORD = run_record(spec(), epochs=3)


def written(folder, record):
    path = folder / 'run.json'
    write_json(str(path), record)
    return str(path)


def without(record, place):
    record = copy.deepcopy(record)
    *steps, last = place.split('.')
    section = record
    for step in steps:
        section = section[step]
    del section[last]
    return record


def test_a_record_is_read_as_it_was_written(tmp_path):
    assert read_run_record(written(tmp_path, RECORD)) == RECORD


@pytest.mark.parametrize('part', [0, 0.5, 0.999])
def test_a_record_cut_short_is_refused_and_stays(tmp_path, part):
    path = written(tmp_path, RECORD)
    with open(path, 'r+') as file:
        text = file.read()
        cut = text[:int(part * len(text))]
        file.seek(0)
        file.truncate()
        file.write(cut)
    with pytest.raises(
            ValueError, match='cut short.*Nothing was changed') as e:
        read_run_record(path)
    assert path in str(e.value) and 'tools/benchmark.py run' in str(e.value)
    with open(path) as file:
        assert file.read() == cut


@pytest.mark.parametrize('content', [b'\xff\xfe', b'{"seed": NaN}'])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / 'run.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='expected the record of a run'):
        read_run_record(str(path))


@pytest.mark.parametrize('record', [[], 3, {}, dict(schema='mmcurv.audit')])
def test_another_schema_is_refused(tmp_path, record):
    path = tmp_path / 'run.json'
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="expected .*schema 'mmcurv.run'"):
        read_run_record(str(path))


def test_a_newer_version_is_refused_with_what_to_do(tmp_path):
    path = written(tmp_path, dict(RECORD, schema_version=2))
    with pytest.raises(ValueError, match='version 1, got 2.*newer one'):
        read_run_record(path)


@pytest.mark.parametrize('place', [
    'seed', 'config.hash', 'code.clean', 'split.fingerprint', 'protocol.main',
    'results.last', 'results.best.metrics', 'results.last.metrics.gini',
    'geometry.correlation', 'cost.seconds', 'cr', 'geometry'
])
def test_a_missing_key_is_named(tmp_path, place):
    path = written(tmp_path, without(RECORD, place))
    with pytest.raises(ValueError, match=f'expected {place}[ ,]'):
        read_run_record(path)


@pytest.mark.parametrize('place', ['config', 'cost', 'protocol'])
def test_a_section_that_is_no_section_is_named(tmp_path, place):
    path = written(tmp_path, {**RECORD, place: None})
    with pytest.raises(ValueError, match=f'expected {place} in'):
        read_run_record(path)


def test_sections_that_a_run_may_lack_may_be_null(tmp_path):
    record = dict(RECORD, split=None, results=None, geometry=None, cr=None)
    assert read_run_record(written(tmp_path, record)) == record


def test_an_unknown_main_evaluation_is_refused(tmp_path):
    protocol = dict(RECORD['protocol'], main='middle')
    with pytest.raises(ValueError, match="protocol.main.*'middle'"):
        read_run_record(written(tmp_path, dict(RECORD, protocol=protocol)))


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError):
        read_run_record(str(tmp_path / 'run.json'))


def test_config_text_and_history_are_not_kept():
    before = copy.deepcopy(RECORD)
    kept = kept_part(RECORD)
    assert 'history' not in kept and 'text' not in kept['config']
    assert kept['config']['hash'] == RECORD['config']['hash']
    assert kept['results'] == RECORD['results']
    assert RECORD == before
