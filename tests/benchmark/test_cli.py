# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The commands of tools/benchmark.py, as a user gives them."""
import json
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
import yaml

from mmcurv.benchmark import cli, configs
from mmcurv.benchmark.configs import read_option_arguments
from mmcurv.benchmark.run_folder import read_job
from mmcurv.engine.run_lock import is_locked
from tests.benchmark.fake_runs import snapshot, wait_for
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
        monkeypatch.setattr(configs, 'shipped_file', lambda _: str(path))

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
        'Runs without a config, which are passed over: 1',
        f'started   {name}: {folder(tmp_path) / "console.log"}'
    ]
    assert lines[2].startswith(f'done      {name}: 0 left')
    assert lines[3] == '1 of 1 runs are done, 0 failed, 0 left'
    record = json.loads((folder(tmp_path) / 'run.json').read_text())
    assert (record['schema'], record['state']) == ('mmcurv.run', 'done')
    assert record['results']['last']['epoch'] == 2
    before = snapshot(folder(tmp_path))

    assert tool('run', path) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        '1 of 1 runs are done, 0 failed, 0 left'
    ]
    assert snapshot(folder(tmp_path)) == before


@pytest.mark.slow
def test_training_that_was_started_by_hand_is_waited_for(
        matrix, tool, tmp_path, capsys):
    path = matrix(TRAINED)
    tool('run', path, '--dry-run')
    command = shlex.split(capsys.readouterr().out.splitlines()[-1])
    by_hand = subprocess.Popen(
        command, env=tool_environment(), stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: is_locked(str(folder(tmp_path))), seconds=60)
        by_hand.send_signal(signal.SIGSTOP)  # for as long as is looked
        second = subprocess.run(
            command, env=tool_environment(), text=True, capture_output=True)
        assert second.returncode == 2
        assert f'process {by_hand.pid}' in second.stderr
        goes_on = threading.Timer(5, by_hand.send_signal, [signal.SIGCONT])
        goes_on.start()
        assert tool('run', path, '--workers', 1) == 0
        assert by_hand.wait(60) == 0
    finally:
        by_hand.kill()
        by_hand.wait()
    assert '1 of 1 runs are done' in capsys.readouterr().out
    record = json.loads((folder(tmp_path) / 'run.json').read_text())
    assert record['state'] == 'done'
    assert record['results']['last']['epoch'] == 2
    # The benchmark trained nothing itself.
    assert not (folder(tmp_path) / 'console.log').exists()


def test_failed_run_is_named_with_its_log(matrix, tool, script, tmp_path,
                                          capsys):
    script("print('almost'); raise ValueError('no [luck]')")
    path = matrix(TRAINED, seeds=[0, 1])
    assert tool('run', path, '--workers', 1) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-5:] == [
        'failed  CE + CR, Mini if100, ResNet-8, seed 0: exit code 1: '
        'ValueError: no [luck]', f'        {folder(tmp_path, 0)}/console.log',
        'failed  CE + CR, Mini if100, ResNet-8, seed 1: exit code 1: '
        'ValueError: no [luck]', f'        {folder(tmp_path, 1)}/console.log',
        '0 of 2 runs are done, 2 failed, 0 left'
    ]


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
    assert f' --cr --work-dir {folder(tmp_path, 1)} --resume ' in line
    assert line.endswith(' randomness.seed=1')
    assert snapshot(tmp_path) == before


def test_more_workers_than_cores_are_refused(matrix, tool, tmp_path, capsys):
    path = matrix(TRAINED)
    assert tool('run', path, '--workers', 10**6) == 2
    assert 'Lower --workers' in capsys.readouterr().err
    assert not folder(tmp_path).exists()


def test_all_that_is_wrong_is_named_at_once(matrix, tool, tmp_path, capsys):
    wrong = dict(TRAINED, method='B', options={'model.type': 'Nothing'})
    path = matrix(TRAINED, wrong, seeds=[0, 1])
    folder(tmp_path, 1).mkdir(parents=True)
    (folder(tmp_path, 1) / 'run.json').write_text('{')
    assert tool('run', path) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith('nothing was started, because of:')
    assert 'its model cannot be built' in lines[1] and 'Nothing' in lines[1]
    assert str(folder(tmp_path, 1)) in lines[2] and len(lines) == 3


def test_begun_runs_come_first(matrix, tool, tmp_path, capsys, monkeypatch):
    path = matrix(TRAINED, seeds=[0, 1, 2])
    from mmcurv.benchmark import run_folder
    kinds = ['missing', 'failed', 'partial']
    monkeypatch.setattr(
        run_folder, 'run_state',
        lambda spec, jobs: run_folder.RunState(kinds[spec.seed], None, 2))
    assert tool('run', path, '--dry-run') == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[-1] for line in lines] == ['2', '0', '1']


def test_run_can_be_left_out(matrix, tool, capsys):
    path = matrix(TRAINED, seeds=[0, 1])
    assert tool('run', path, '--dry-run', '--without', 'seed=0') == 0
    (line, ) = capsys.readouterr().out.splitlines()
    assert line.endswith(' randomness.seed=1')


def test_options_of_a_cluster_need_one(matrix, tool, capsys):
    path = matrix(TRAINED)
    assert tool('run', path, '--cluster-options', 'timeout_min=3') == 2
    assert 'expected --cluster slurm' in capsys.readouterr().err


def test_cluster_is_given_the_runs_and_left(matrix, tool, slurm, tmp_path,
                                            capsys):
    pytest.importorskip('submitit')
    path = matrix(TRAINED, seeds=[0, 1])
    assert tool('run', path, '--cluster', 'slurm', '--cluster-options',
                'slurm_partition=gpu') == 0
    text = capsys.readouterr().out
    assert '0 of 2 runs are done, 2 were submitted' in text
    assert read_job(folder(tmp_path, 1)) == 'slurm:12_1'
    assert '#SBATCH --array=0-1%2' in slurm.read_text()
    assert '#SBATCH --partition=gpu' in slurm.read_text()

    slurm.unlink()  # nothing is submitted twice
    assert tool('run', path, '--cluster', 'slurm') == 0
    assert '0 were submitted, 2 run or wait' in capsys.readouterr().out
    assert not slurm.exists()
    assert tool('run', path, '--dry-run') == 0
    assert 'wait for a job of a cluster: 2' in capsys.readouterr().out
    assert tool('plan', path) == 0
    assert '2 waiting in the queue' in capsys.readouterr().out
    assert tool('cancel', path, '--only', 'seed=1') == 0
    assert 'cancelled: 1' in capsys.readouterr().out
    assert tool('plan', path) == 0
    assert '1 waiting in the queue, 1 not run' in capsys.readouterr().out


def test_full_disk_is_told_and_nothing_is_started(matrix, tool, tmp_path,
                                                  monkeypatch, capsys):
    from mmcurv.benchmark import queue
    monkeypatch.setattr(queue, 'lack_of_space',
                        lambda *_: f'3 MB are free in {tmp_path}')
    assert tool('run', matrix(TRAINED)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f'Not all was started: 3 MB are free in {tmp_path}'
    assert not folder(tmp_path).exists()


@pytest.mark.parametrize('variable, count, names', [
    (None, 2, ['0', '1']), ('3, 5', 2, ['3', '5']), ('GPU-ab', 1, ['GPU-ab']),
    ('', 0, []), ('3,-1,4', 1, ['3']), (None, 0, [])
])  # yapf: disable
def test_gpus_are_those_that_this_process_sees(monkeypatch, variable, count,
                                               names):
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if variable is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', variable)
    assert cli._usable_gpus() == names


def benchmark_commands():
    """Each line of a document that gives a command of the benchmark."""
    for name in ('README.md', *map(str, sorted(Path('docs').glob('*.md')))):
        text = re.sub(r'\\\n\s*', '', Path(name).read_text(encoding='utf-8'))
        for block in re.findall(r'```(?:shell|bash)\n(.*?)```', text, re.S):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if 'tools/benchmark.py' in words:
                    yield name, words[words.index('tools/benchmark.py') + 1:]


def test_commands_of_the_documents_are_commands_that_plan_and_run(
        tmp_path, capsys):
    found = list(benchmark_commands())
    assert {words[0] for _, words in found} >= {'plan', 'run', 'collect'}
    parser, failed = cli.make_parser(), []
    for name, words in found:
        try:
            parser.parse_args(words)
            if words[0] in ('plan', 'run') and '--cluster' not in words:
                extra = ['--dry-run'] if words[0] == 'run' else []
                assert cli.main([*words, *extra, '--root', str(tmp_path)]) == 0
        except (SystemExit, AssertionError):
            failed.append((name, words, capsys.readouterr().err[-300:]))
    assert failed == []


LACKING = """
import sys
for name in ('fcntl', 'resource'):
    sys.modules[name] = None
import signal
del signal.SIGHUP
import os
del os.killpg
from mmcurv.benchmark.cli import main
import mmcurv.engine.hooks.run_record, mmcurv.benchmark.queue
import mmcurv.benchmark.slurm
sys.exit(main(sys.argv[1:]))
"""


def test_systems_without_unix_locks_and_signals_plan_all_the_same(
        matrix, tmp_path):
    path = matrix(TRAINED)
    words = ['plan', str(path), '--root', str(tmp_path)]
    done = subprocess.run([sys.executable, '-c', LACKING, *words],
                          env=tool_environment(),
                          text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    assert '1 run: 1 not run' in done.stdout
    words[0] = 'run'
    done = subprocess.run([sys.executable, '-c', LACKING, *words],
                          env=tool_environment(),
                          text=True,
                          capture_output=True)
    assert done.returncode == 2
    assert 'needs locks of files' in done.stderr
