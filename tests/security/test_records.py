# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""No record of a run or an audit runs code: all of them are JSON."""
import json
from pathlib import Path

import pytest

from mmcurv.benchmark import figures, page
from mmcurv.benchmark.collect import read_collection
from mmcurv.benchmark.matrix import read_matrix
from tests.benchmark.synthetic_runs import run_record, write_matrix, write_run
from tests.tools.tool_runs import call, load_tool
from .evil_files import evil_pickle, program


@pytest.fixture
def collect(tmp_path, monkeypatch):
    """Collect into ``out`` without the drawings, which take seconds."""
    monkeypatch.setattr(figures, 'draw_figures', lambda *_: {})
    monkeypatch.setattr(page, 'page', lambda *_: '')

    def collect(*arguments):
        arguments = ['collect', *arguments, '--out-dir', tmp_path / 'out']
        return load_tool('benchmark').main([str(one) for one in arguments])

    return collect


def first_run(tmp_path):
    path = write_matrix(tmp_path, epochs=3)
    return path, read_matrix(path, str(tmp_path / 'runs')).runs[0]


def states(tmp_path):
    runs = read_collection(str(tmp_path / 'out' / 'collection.json'))['runs']
    return runs[0]['state'], runs[0]['reason']


def test_pickle_in_the_place_of_a_run_s_record_is_unreadable(
        tmp_path, marker, collect):
    path, run = first_run(tmp_path)
    folder = Path(run.folder)
    folder.mkdir(parents=True)
    evil_pickle(folder / 'run.json', marker)
    assert collect(path, '--root', tmp_path / 'runs') == 0
    state, reason = states(tmp_path)
    assert state == 'unreadable' and 'expected mmcurv.run as JSON' in reason


@pytest.mark.parametrize('recorded', [True, False])
def test_config_in_the_folder_of_a_run_is_not_run(tmp_path, marker, collect,
                                                  recorded):
    path, run = first_run(tmp_path)
    folder = Path(run.folder)
    folder.mkdir(parents=True)
    (folder / Path(run.config).name).write_text(program(marker))
    if recorded:  # of another config, so that the two are compared
        record = run_record(run, epochs=3)
        record['config']['hash'] = 'f' * 64
        write_run(run, record)
    else:
        (folder / 'epoch_3.pth').write_text('not read')
    assert collect(path, '--root', tmp_path / 'runs') == 0
    state, reason = states(tmp_path)
    assert state == 'other run'
    assert recorded or 'no run.json that says' in reason


def test_pickle_as_a_kept_collection_is_refused(tmp_path, marker, collect,
                                                capsys):
    path = evil_pickle(tmp_path / 'collection.json', marker)
    assert collect('--collection', path) == 2
    assert 'expected mmcurv.collection as JSON' in capsys.readouterr().err


def test_matrix_that_asks_yaml_for_objects_is_refused(tmp_path, marker,
                                                      collect, capsys):
    path = tmp_path / 'small.yml'
    path.write_text('schema: !!python/object/apply:pathlib.Path.touch '
                    f'[!!python/object/apply:pathlib.Path [{marker}]]\n')
    assert collect(path) == 2
    assert 'expected YAML' in capsys.readouterr().err


def test_pickle_as_an_audit_is_refused(tmp_path, marker, capsys):
    path = str(evil_pickle(tmp_path / 'audit.json', marker))
    assert load_tool('compare').main([path, path]) == 2
    assert 'expected mmcurv.audit as JSON' in capsys.readouterr().err


@pytest.mark.parametrize('figure', ['fig6', 'fig8', 'fig14'])
def test_pickle_as_the_record_of_a_figure_is_refused(tmp_path, marker, capsys,
                                                     figure):
    path = evil_pickle(tmp_path / 'record.json', marker)
    with pytest.raises(SystemExit) as stop:
        call('plot_figures', figure, '--records', path, '--out-dir', tmp_path)
    assert stop.value.code == 2
    assert 'expected a record as JSON' in capsys.readouterr().err


def test_audit_that_names_other_files_gets_only_json_read(
        tmp_path, marker, capsys):
    evil_pickle(tmp_path / 'evil.json', marker)
    run = tmp_path / 'runs' / 'audits.json'
    run.parent.mkdir()
    run.write_text(
        json.dumps(
            dict(
                schema='mmcurv.audits_of_run',
                schema_version=2,
                kind='epoch',
                checkpoints=[dict(number=1, audit='../evil.json')])))
    with pytest.raises(SystemExit):
        call('plot_figures', 'fig8', '--records', run, '--out-dir', tmp_path)
    assert 'expected a record as JSON' in capsys.readouterr().err
