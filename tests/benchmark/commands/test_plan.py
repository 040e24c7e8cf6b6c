# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import argparse
import os.path as osp
import runpy
from pathlib import Path

import pytest

from mmcurv.benchmark.commands import plan as module
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.benchmark.planning.machine_speed import Speed
from mmcurv.benchmark.states.failure_record import write_failure
from tests.benchmark.matrix_file import BUNDLED_CONTENT, write_matrix
from tests.benchmark.trained_folder import PROCESSOR, leave_record

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'benchmark.py'
MACHINE = dict(processor=PROCESSOR, accelerators=[], processes=1)


@pytest.fixture(autouse=True)
def known_machine(monkeypatch):
    monkeypatch.setattr(module, 'machine', lambda: MACHINE)
    monkeypatch.setattr(module, 'machine_speed',
                        lambda finished: Speed(1e9, 'as a test says'))


@pytest.fixture
def main():
    return runpy.run_path(str(TOOL))['main']


@pytest.fixture
def matrix(tmp_path):
    return write_matrix(tmp_path, BUNDLED_CONTENT)


def test_plan_shows_cells_totals_and_failures(main, matrix, tmp_path, capsys):
    root = str(tmp_path / 'runs')
    plain, twin = read_matrix(matrix, root).runs
    leave_record(plain)
    write_failure(twin.folder, 1, 'ValueError: no', 'console.log')
    assert main(['plan', matrix, '--root', root]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.strip()[:2] == 'CE']
    assert rows[0][:3] == ['CE', '1', 'done']
    assert rows[1][:5] == ['CE', '+', 'CR', '1', 'failed']
    text = '\n'.join(lines)
    assert '2 runs: 1 done, 1 failed' in text
    assert 'Reason: exit code 1: ValueError: no' in text
    assert f'Log: {osp.join(twin.folder, "console.log")}' in text
    assert '1 billion multiply-adds a second (as a test says)' in text


def test_times_from_ended_runs_need_no_speed(main, matrix, tmp_path, capsys):
    root = str(tmp_path / 'runs')
    plain, twin = read_matrix(matrix, root).runs
    leave_record(plain, seconds=50.)
    main(['plan', matrix, '--root', root, '--only', 'cr=false'])
    shown = capsys.readouterr().out
    assert 'billion' not in shown and '1 run: 1 done' in shown


def test_runs_are_listed_if_asked_for(main, matrix, tmp_path, capsys):
    assert main(['plan', matrix, '--runs', '--root', str(tmp_path)]) == 0
    assert '0 of 20' in capsys.readouterr().out


def test_nothing_is_written(main, matrix, tmp_path):
    root = tmp_path / 'runs'
    main(['plan', matrix, '--root', str(root)])
    assert not root.exists()


@pytest.mark.parametrize('arguments, words', [
    (['--only', 'method=CEE'], "unknown method 'CEE': did you mean 'CE'?"),
    (['none.yml'], "found none at 'none.yml'"),
])
def test_wrong_input_exits_with_2(arguments, words, main, matrix, capsys):
    assert main(['plan', matrix, *arguments]) == 2
    assert words in capsys.readouterr().err


def test_broken_configs_are_listed_before_anything_else(
        main, tmp_path, capsys):
    path = write_matrix(
        tmp_path, BUNDLED_CONTENT, options={'model.type': 'ImageClasifier'})
    assert main(['plan', path]) == 2
    captured = capsys.readouterr()
    assert '2 configs cannot be trained:' in captured.err
    assert captured.out == ''


def test_commands_have_their_arguments(main, capsys):
    with pytest.raises(SystemExit) as caught:
        main(['plan'])
    assert caught.value.code == 2
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    args = parser.parse_args(
        ['plan', 'a.yml', '--only', 'cr=true', '--only', 'seed=0', 'seed=1'])
    assert args.only == ['cr=true', 'seed=0', 'seed=1']
    assert args.matrices == ['a.yml']
    assert args.run is module.run
