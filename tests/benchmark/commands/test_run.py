# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import argparse
import json
from pathlib import Path

import pytest
import yaml

from mmcurv.benchmark.commands import run as command
from mmcurv.benchmark.commands.machine_arguments import (add_machine_arguments,
                                                         make_workers)
from mmcurv.benchmark.matrix import Matrix
from mmcurv.benchmark.running.option_arguments import read_option_arguments
from mmcurv.engine.config_options import UsageError
from tests.benchmark.fake_runs import snapshot
from tests.tools.tool_runs import (CONFIG, load_tool, tiny_options,
                                   tool_environment)

TRAINED = dict(
    method='CE',
    model='ResNet-8',
    config=str(CONFIG.with_name('ce_resnet8_{data}-if{factor}.py')))
UNWRITTEN = dict(method='BBN', model='ResNet-8', config=None)


@pytest.fixture
def matrix(tmp_path, monkeypatch):
    """Write a matrix of one-second trainings; gives its path."""
    monkeypatch.setenv('PYTHONPATH', tool_environment()['PYTHONPATH'])

    def write(*methods, **changes):
        content = dict(
            schema='mmcurv.matrix',
            schema_version=1,
            name='tiny',
            title='Tiny',
            seeds=[0],
            cr=[True],
            options=read_option_arguments(
                tiny_options(train_cfg__max_epochs=2)),
            data=[
                dict(dataset='Mini', slug='fashion-mini', factors=[100]),
            ],
            methods=list(methods))
        content.update(changes)
        path = tmp_path / 'tiny.yml'
        path.write_text(yaml.safe_dump(content))
        return path

    return write


@pytest.fixture
def tool(tmp_path):
    """Call tools/benchmark.py in this process; gives the exit code."""

    def call(name, *arguments):
        arguments = [name, *map(str, arguments), '--root', str(tmp_path)]
        return load_tool('benchmark').main(arguments)

    return call


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Let another program be the training."""

    def use(text):
        path = tmp_path / 'train.py'
        path.write_text(text)
        monkeypatch.setattr(command, 'SCRIPT', str(path))

    return use


def folder(tmp_path, seed=0):
    return tmp_path / f'tiny/ce_cr/fashion-mini-if100/seed{seed}'


def test_matrix_is_trained_once_and_left_alone_afterwards(
        matrix, tool, tmp_path, capsys):
    path = matrix(TRAINED, UNWRITTEN)
    assert tool('run', path, '--workers', 1) == 0
    lines = capsys.readouterr().out.splitlines()
    name = 'CE + CR, Mini if100, ResNet-8, seed 0'
    assert lines[:2] == [
        'Runs without a config, which are passed over: 1', f'started   {name}'
    ]
    assert lines[2].startswith(f'done      {name}: 0 left')
    assert lines[3] == '1 of 1 runs are done, 0 failed, 0 left'
    record = json.loads((folder(tmp_path) / 'run.json').read_text())
    assert record['schema'] == 'mmcurv.run'
    assert record['results']['last']['epoch'] == 2
    before = snapshot(folder(tmp_path))

    assert tool('run', path) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        '1 of 1 runs are done, 0 failed, 0 left'
    ]
    assert tool('log', path, 'ce_cr/', '--lines', 3) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == str(folder(tmp_path) / 'console.log')
    log = Path(shown[0]).read_text().splitlines()
    assert shown[1:] == log[-3:]
    assert snapshot(folder(tmp_path)) == before


def test_failed_run_is_named_with_the_command_that_shows_its_log(
        matrix, tool, script, tmp_path, capsys):
    script("print('almost'); raise ValueError('no [luck]')")
    path = matrix(TRAINED, seeds=[0, 1])
    assert tool('run', path, '--workers', 1) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-5:] == [
        'failed  CE + CR, Mini if100, ResNet-8, seed 0: exit code 1: '
        'ValueError: no [luck]',
        f'        python tools/benchmark.py log --root {tmp_path} {path} '
        'ce_cr/fashion-mini-if100/seed0',
        'failed  CE + CR, Mini if100, ResNet-8, seed 1: exit code 1: '
        'ValueError: no [luck]',
        f'        python tools/benchmark.py log --root {tmp_path} {path} '
        'ce_cr/fashion-mini-if100/seed1',
        '0 of 2 runs are done, 2 failed, 0 left'
    ]
    shown = lines[-2].split()[2:]
    assert load_tool('benchmark').main(shown) == 0
    assert 'ValueError: no [luck]' in capsys.readouterr().out


def test_foreign_record_stops_everything_before_it_begins(
        matrix, tool, script, tmp_path, capsys):
    script("open('started', 'w')")
    path = matrix(TRAINED, seeds=[0, 1])
    folder(tmp_path, 1).mkdir(parents=True)
    (folder(tmp_path, 1) / 'run.json').write_text('{"schema": "other"}')
    assert tool('run', path) == 2
    error = capsys.readouterr().err
    assert 'nothing was started' in error
    assert str(folder(tmp_path, 1)) in error
    assert not folder(tmp_path, 0).exists()


def test_dry_run_prints_the_commands_and_makes_nothing(matrix, tool, tmp_path,
                                                       capsys):
    path = matrix(TRAINED, seeds=[0, 1])
    before = snapshot(tmp_path)
    assert tool('run', path, '--dry-run', '--only', 'seed=1') == 0
    (line, ) = capsys.readouterr().out.splitlines()
    assert f' --cr --work-dir {folder(tmp_path, 1)} --cfg-options ' in line
    assert line.endswith(' randomness.seed=1')
    assert snapshot(tmp_path) == before


def test_more_workers_than_cores_are_refused(matrix, tool, tmp_path, capsys):
    path = matrix(TRAINED)
    assert tool('run', path, '--workers', 10**6) == 2
    assert '--oversubscribe' in capsys.readouterr().err
    assert not folder(tmp_path).exists()


def test_slurm_gets_all_runs_at_once_unless_told_otherwise(
        tmp_path, monkeypatch):
    pytest.importorskip('submitit')
    (tmp_path / 'srun').touch(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    parser = argparse.ArgumentParser()
    add_machine_arguments(parser)

    def count(*arguments):
        args = parser.parse_args(['--cluster', 'slurm', *arguments])
        args.root = str(tmp_path)
        matrix = Matrix('toy', '', '', None, {}, '', [])
        return make_workers(args, [matrix], 700).count

    assert count() == 700
    assert count('--workers', '3', '--threads', '64') == 3
    with pytest.raises(UsageError, match='--workers: expected at least 1'):
        count('--workers', '0')


def test_options_of_a_cluster_need_one(matrix, tool, capsys):
    path = matrix(TRAINED)
    assert tool('run', path, '--cluster-options', 'timeout_min=3') == 2
    assert 'expected --cluster slurm' in capsys.readouterr().err


def test_cluster_trains_through_submitit(matrix, tool, script, tmp_path,
                                         capsys):
    pytest.importorskip('submitit')
    script("raise ValueError('no luck')")
    path = matrix(TRAINED)
    assert tool('run', path, '--cluster', 'local', '--cluster-options',
                'timeout_min=1') == 1
    assert 'exit code 1: ValueError: no luck' in capsys.readouterr().out
    assert list((tmp_path / 'tiny' / 'submitit').glob('*_log.out'))


def test_full_disk_is_told_and_nothing_is_started(matrix, tool, tmp_path,
                                                  monkeypatch, capsys):
    monkeypatch.setattr(command, 'lack_of_space',
                        lambda root, folders: f'3 MB are free in {root}')
    assert tool('run', matrix(TRAINED)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f'Not all was started: 3 MB are free in {tmp_path}'
    assert not folder(tmp_path).exists()
