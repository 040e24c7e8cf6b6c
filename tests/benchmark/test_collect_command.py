# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os
import os.path as osp
import shlex

import pytest

from mmcurv.benchmark import figures, page
from mmcurv.benchmark.collect import read_collection
from mmcurv.benchmark.matrix import read_matrix
from tests.benchmark.synthetic_runs import (run_record, write_matrix,
                                            write_run, write_runs)
from tests.tools.tool_runs import load_tool

FILES = ('collection.json', 'tables.md', 'tables.tex', 'numbers.csv',
         'benchmark.html')


@pytest.fixture
def matrix(tmp_path):
    """A small matrix, all of whose runs are done."""
    path = write_matrix(tmp_path, epochs=3)
    matrix = read_matrix(path, str(tmp_path / 'runs'))
    write_runs(matrix.runs, epochs=3)
    return matrix


@pytest.fixture
def collect(matrix, tmp_path):
    """Call the tool in this process; gives the exit code."""

    def call(*arguments):
        arguments = ['collect', *map(str, arguments)]
        arguments += ['--root', str(tmp_path / 'runs')]
        return load_tool('benchmark').main(arguments)

    return call


@pytest.fixture
def undrawn(monkeypatch):
    """Without the page and the figures, which take seconds."""
    monkeypatch.setattr(figures, 'draw_figures', lambda *_: {})
    monkeypatch.setattr(page, 'page', lambda *_: 'no page')


def snapshot(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = osp.join(root, name)
            with open(path, 'rb') as file:
                found[path] = file.read(), os.stat(path).st_mtime_ns
    return found


def test_everything_is_written_beside_the_runs_that_stay(
        matrix, collect, tmp_path, capsys):
    before = snapshot(tmp_path)
    assert collect(matrix.file) == 0
    out_dir = tmp_path / 'runs' / 'small' / 'collected'
    printed = capsys.readouterr().out
    for name in FILES:
        assert (out_dir / name).stat().st_size > 100
        assert str(out_dir / name) in printed
    figures = sorted(path.name for path in (out_dir / 'figures').iterdir())
    assert 'differences.png' in figures and 'fig1.svg' in figures
    after = snapshot(tmp_path)
    assert {path: after[path] for path in before} == before
    assert not [path for path in after if path.endswith('.partial')]
    assert 'Runs: 24 done, 12 no config' in printed
    assert '69.57 ± 2.31 (n = 3)' in printed


def test_tables_can_be_made_of_a_kept_collection(matrix, collect, tmp_path,
                                                 undrawn):
    collect(matrix.file, '--out-dir', tmp_path / 'a')
    kept = tmp_path / 'a' / 'collection.json'
    for one in matrix.runs:
        if one.config:
            os.remove(osp.join(one.folder, 'run.json'))
    assert collect('--collection', kept, '--out-dir', tmp_path / 'b') == 0
    for name in FILES[:-1]:
        assert (tmp_path / 'b' / name).read_bytes() == (tmp_path / 'a' /
                                                        name).read_bytes()


def test_only_some_runs_are_collected(matrix, collect, tmp_path, undrawn):
    out_dir = tmp_path / 'out'
    only = ['--only', 'method=CE', 'factor=10', 'seed=1']
    assert collect(matrix.file, *only, '--out-dir', out_dir) == 0
    collection = read_collection(str(out_dir / 'collection.json'))
    assert [(run['method'], run['imbalance_factor'], run['seed'])
            for run in collection['runs']] == [('CE', 10, 1)] * 2
    assert collection['command'].endswith('--only ' + ' '.join(only[1:]))
    kept = out_dir / 'collection.json'
    assert collect('--collection', kept, '--only', 'cr=true', '--out-dir',
                   tmp_path / 'less') == 0
    runs = read_collection(str(tmp_path / 'less' / 'collection.json'))['runs']
    assert [run['cr'] for run in runs] == [True]


def test_nothing_is_written_into_the_current_folder(matrix, collect, tmp_path,
                                                    monkeypatch, undrawn):
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    assert collect(matrix.file, '--out-dir', tmp_path / 'out') == 0
    assert not list((tmp_path / 'here').iterdir())


def test_each_figure_is_drawn_once(matrix, collect, tmp_path, monkeypatch):
    drawn = []
    real = figures.plot_differences
    monkeypatch.setattr(figures, 'plot_differences',
                        lambda *args: drawn.append(1) or real(*args))
    assert collect(matrix.file, '--out-dir', tmp_path / 'out') == 0
    assert len(drawn) == 1
    assert (tmp_path / 'out' / 'figures' / 'differences.png').is_file()
    assert '<svg' in (tmp_path / 'out' / 'benchmark.html').read_text()


def test_best_epoch_is_shown_on_request(matrix, collect, tmp_path, undrawn):
    for flags, shown in (([], False), (['--best'], True)):
        collect(matrix.file, '--out-dir', tmp_path, *flags)
        text = (tmp_path / 'tables.md').read_text()
        assert ('chosen on the test set' in text) == shown


def test_a_matrix_without_runs_says_so(matrix, collect, tmp_path, capsys,
                                       undrawn):
    for one in matrix.runs:
        if one.config:
            os.remove(osp.join(one.folder, 'run.json'))
    assert collect(matrix.file, '--out-dir', tmp_path / 'out') == 0
    assert 'Runs: 24 not run, 12 no config' in capsys.readouterr().out
    assert '| CE | not run | not run |' in (tmp_path / 'out' /
                                            'tables.md').read_text()


def test_page_and_figures_allow_a_matrix_without_runs(matrix, collect,
                                                      tmp_path):
    for one in matrix.runs:
        if one.config:
            os.remove(osp.join(one.folder, 'run.json'))
    assert collect(matrix.file, '--out-dir', tmp_path / 'out') == 0
    assert (tmp_path / 'out' / 'benchmark.html').is_file()


def test_unlike_runs_are_told_and_nothing_is_written(matrix, collect, tmp_path,
                                                     capsys):
    one = matrix.runs[1]
    record = run_record(one, epochs=3)
    record['split']['fingerprint'] = 'f' * 64
    write_run(one, record)
    assert collect(matrix.file, '--out-dir', tmp_path / 'out') == 2
    told = capsys.readouterr().err
    assert 'benchmark.py collect: ' in told
    assert 'fingerprint' in told and 'f' * 64 in told
    assert one.name in told
    assert not (tmp_path / 'out').exists()
    # What the message says to do helps.
    without = shlex.split(told.split('leave it out with ')[1].rstrip('.\n'))
    assert without[0] == '--without' and 'seed=1' in without
    assert collect(matrix.file, '--out-dir', tmp_path / 'out', *without) == 0
    runs = read_collection(str(tmp_path / 'out' / 'collection.json'))['runs']
    assert len(runs) == len(matrix.runs) - 1
    assert one.name not in [run['name'] for run in runs]


@pytest.mark.parametrize('arguments, words', [
    ([], 'expected the path of a matrix'),
    (['--collection', 'nowhere.json'], 'nowhere.json'),
])
def test_what_cannot_be_collected_is_told(collect, arguments, words, capsys):
    assert collect(*arguments) == 2
    assert words in capsys.readouterr().err


def test_a_collection_of_another_matrix_is_refused(matrix, collect, tmp_path,
                                                   capsys, undrawn):
    collect(matrix.file, '--out-dir', tmp_path / 'a')
    path = tmp_path / 'a' / 'collection.json'
    collection = json.loads(path.read_text())
    collection['matrix']['name'] = 'other'
    path.write_text(json.dumps(collection))
    assert collect(matrix.file, '--collection', path) == 2
    assert "'other'" in capsys.readouterr().err
