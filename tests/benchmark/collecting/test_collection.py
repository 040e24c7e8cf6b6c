# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os

import pytest

from mmcurv.benchmark.collecting.collection import (collect, read_collection,
                                                    write_collection)
from mmcurv.benchmark.matrices.spec_config import spec_hash
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.files import write_json
from tests.benchmark.synthetic_runs import (MATRIX, example_collection,
                                            run_record, spec, write_matrix,
                                            write_run, write_runs)


@pytest.fixture
def matrix(tmp_path):
    path = write_matrix(tmp_path, epochs=3)
    return read_matrix(path, str(tmp_path / 'runs'))


def files(folder):
    return {
        os.path.join(root, name): os.stat(os.path.join(root, name)).st_mtime_ns
        for root, _, names in os.walk(folder)
        for name in names
    }


def states(collection):
    return {run['name']: run['state'] for run in collection['runs']}


def test_finished_runs_carry_their_records(matrix):
    write_runs(matrix.runs, epochs=3)
    collection = collect(matrix, 'a command')
    assert collection['command'] == 'a command'
    assert collection['matrix'] == dict(
        name='small',
        title='A small matrix',
        about='Two methods that can be run and one that cannot.',
        paper_table='Table 1',
        protocol=dict(epochs=200),
        file=matrix.file)
    assert len(collection['runs']) == len(matrix.runs) == 36
    run, one = collection['runs'][4], matrix.runs[4]
    assert (run['method'], run['cr'], run['seed']) == ('CE', True, 1)
    assert run['config'] == one.config and run['name'] == one.name
    assert run['config_hash'] == spec_hash(one)
    expected = run_record(one, epochs=3, history=False)
    del expected['config']['text']
    assert run['record'] == expected


def test_runs_that_are_not_done_carry_state_and_reason(matrix):
    done, failed, broken, cut = matrix.runs[:4]
    write_run(done, run_record(done, epochs=3))
    os.makedirs(failed.folder)
    write_json(
        os.path.join(failed.folder, 'failure.json'),
        dict(exit_code=1, reason='RuntimeError: boom', log='console.log'))
    record = run_record(broken, epochs=3)
    del record['cost']
    write_run(broken, record)
    with open(write_run(cut, run_record(cut, epochs=3)), 'r+') as file:
        file.truncate(200)
    before = files(matrix.runs[0].folder)
    runs = collect(matrix)['runs']
    assert [run['state'] for run in runs[:5]
            ] == ['done', 'failed', 'unreadable', 'unreadable', 'missing']
    assert runs[1]['reason'] == 'exit code 1: RuntimeError: boom'
    assert 'expected cost in the record' in runs[2]['reason']
    assert 'run.json' in runs[3]['reason']
    assert runs[-1]['state'] == 'no config'
    assert all(run['record'] is None for run in runs[1:])
    assert files(matrix.runs[0].folder) == before


def test_what_does_not_count_is_a_warning(matrix):
    with open(write_run(matrix.runs[0]), 'w') as file:
        file.write('{')
    line, = collect(matrix)['warnings']
    assert matrix.runs[0].name in line and 'unreadable' in line


def test_unlike_runs_are_not_collected(matrix):
    for one, epochs in zip(matrix.runs, (3, 2)):
        write_run(one, run_record(one, epochs=epochs))
    with pytest.raises(ValueError, match='cannot be averaged'):
        collect(matrix)


def test_collection_survives_a_file(tmp_path):
    collection = example_collection(epochs=3)
    path = str(tmp_path / 'a' / 'collection.json')
    write_collection(path, collection)
    assert read_collection(path) == collection
    with open(path) as file:
        lines = file.read().splitlines()
    assert sum(line.startswith('{"method"') for line in lines) == 36


@pytest.mark.parametrize('text, words', [
    ('{"schema": "mmcurv.coll', 'cut short'),
    ('[]', "expected schema 'mmcurv.collection'"),
    ('{"schema": "mmcurv.run"}', "got 'mmcurv.run'"),
    ('{"schema": "mmcurv.collection", "schema_version": 1}',
     'version 2, got 1. Collect the runs again'),
    ('{"schema": "mmcurv.collection", "schema_version": 2, "runs": [{}]}',
     'expected matrix, method of run 0'),
])
def test_what_is_no_whole_collection_is_refused(tmp_path, text, words):
    path = tmp_path / 'collection.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=words) as error:
        read_collection(str(path))
    assert str(path) in str(error.value)


def test_records_of_a_collection_are_checked(tmp_path):
    path = str(tmp_path / 'collection.json')
    collection = example_collection([spec()], epochs=3)
    del collection['runs'][0]['record']['geometry']
    write_collection(path, collection)
    with pytest.raises(ValueError, match='CE, CIFAR.*expected geometry'):
        read_collection(path)


def test_unlike_runs_of_a_file_are_refused(tmp_path):
    path = str(tmp_path / 'collection.json')
    collection = example_collection([spec(), spec(seed=1)], epochs=3)
    collection['runs'][0]['record']['config']['hash'] = 'other'
    write_collection(path, collection)
    with pytest.raises(ValueError, match='cannot be averaged'):
        read_collection(path)


def test_nan_does_not_get_into_a_file(tmp_path):
    collection = example_collection([spec()], epochs=3)
    collection['runs'][0]['record']['cost']['seconds'] = float('nan')
    with pytest.raises(ValueError):
        write_collection(str(tmp_path / 'collection.json'), collection)
    assert not list(tmp_path.iterdir())


def test_variants_and_tau_are_kept(tmp_path):
    text = MATRIX + """variants:
  - variant: ''
  - variant: tau=10
    cr: [true]
    tau: 10
    options: {model.tau: 10}
"""
    path = write_matrix(tmp_path, text, epochs=3)
    runs = collect(read_matrix(path, str(tmp_path / 'runs')))['runs']
    swept = [run for run in runs if run['variant']]
    assert {run['tau'] for run in swept} == {10}
    assert all(run['options'] == {'model.tau': 10} for run in swept)
    json.dumps(runs, allow_nan=False)
