# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.engine import launch
from tests.benchmark.fake_training import is_alive
from tests.tools.tool_runs import CONFIG, ROOT, tiny_options, tool_environment

RANK_VARIABLES = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR',
                  'MASTER_PORT')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


@pytest.fixture
def unlaunched(monkeypatch):
    """An environment that no launcher has touched, without accelerator."""
    for name in RANK_VARIABLES:
        monkeypatch.setenv(name, '')  # so that it is restored afterwards
        monkeypatch.delenv(name)
    monkeypatch.setattr(launch, 'get_device', lambda: 'cpu')
    # It would watch whoever started the tests.
    monkeypatch.setattr(launch, 'end_with_launcher', lambda: None)


def test_two_cpu_processes_train_with_curvature_to_equal_weights(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(
        f"_base_ = '{CONFIG}'\n"
        "custom_imports = dict(imports=['tests.tools.check_ranks_hook'])\n"
        'custom_hooks = [*_base_.custom_hooks,\n'
        "                dict(type='mmengine.CheckRanksHook')]\n")
    work_dir = tmp_path / 'run'
    options = tiny_options(
        train_cfg__max_epochs=2, train_dataloader__batch_size=10)
    subprocess.run([
        ROOT / 'tools' / 'dist_train.sh', config, '2', '--work-dir', work_dir,
        '--cfg-options', *options
    ],
                   env=tool_environment(
                       PORT=str(free_port()), PYTHON=sys.executable),
                   check=True)
    for rank in (0, 1):
        seen = json.loads((work_dir / f'rank_{rank}.json').read_text())
        assert seen['world_size'] == 2
        assert seen['wrapper'] == 'MMDistributedDataParallel'
        assert 'train/loss_curvature' in seen['scalars']
    first, second = (
        torch.load(work_dir / f'rank_{rank}.pth', weights_only=True)
        for rank in (0, 1))
    for name in first:  # buffers as well: both evaluate the same network
        assert torch.equal(first[name], second[name]), name
    assert (work_dir / 'epoch_2.pth').is_file()


@pytest.mark.skipif(
    not os.path.isdir('/proc/self/task'), reason='looks for children in /proc')
def test_killed_launcher_leaves_no_process_training(tmp_path):
    options = tiny_options(
        train_cfg__max_epochs=10**6, train_dataloader__batch_size=10)
    launcher = subprocess.Popen([
        sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2',
        f'--master_port={free_port()}', ROOT / 'tools' / 'train.py', CONFIG,
        '--launcher', 'pytorch', '--work-dir', tmp_path, '--cfg-options',
        *options, 'default_hooks.checkpoint.interval=1'
    ],
                                env=tool_environment(),
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
    try:
        waits_for((tmp_path / 'last_checkpoint').is_file, seconds=300)
        children = Path(f'/proc/{launcher.pid}/task/{launcher.pid}/children')
        processes = [int(number) for number in children.read_text().split()]
        assert len(processes) == 2
        assert all(is_alive(process) for process in processes)
    finally:
        launcher.kill()
        launcher.wait()
    try:
        waits_for(lambda: not any(map(is_alive, processes)), seconds=30)
    finally:
        for process in filter(is_alive, processes):
            os.kill(process, signal.SIGKILL)


def waits_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f'not within {seconds} s'
        time.sleep(0.1)


def test_cpu_process_joins_a_gloo_group_and_keeps_the_users_wrapper(
        unlaunched, monkeypatch):
    monkeypatch.setenv('RANK', '0')
    monkeypatch.setenv('WORLD_SIZE', '1')
    monkeypatch.setenv('MASTER_ADDR', '127.0.0.1')
    monkeypatch.setenv('MASTER_PORT', str(free_port()))
    cfg = Config(
        dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', static_graph=True),
            find_unused_parameters=True,
            env_cfg=dict(dist_cfg=dict(backend='nccl', timeout=60))))
    try:
        launch.start_processes(cfg, 'pytorch', local_rank=0)
        assert torch.distributed.get_backend() == 'gloo'
    finally:
        launch.end_processes()
    assert not torch.distributed.is_initialized()
    assert cfg.launcher == 'pytorch'
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel',
        static_graph=True,
        find_unused_parameters=True,
        broadcast_buffers=False,
        device_ids=None)
    assert os.environ['LOCAL_RANK'] == '0'


def test_accelerators_are_left_to_mmengine(unlaunched, monkeypatch):
    monkeypatch.setattr(launch, 'get_device', lambda: 'cuda')
    cfg = Config()
    launch.start_processes(cfg, 'slurm')
    assert cfg.to_dict() == dict(launcher='slurm')
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize('launcher, message', [
    ('pytorch', 'expected RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT'),
    ('slurm', 'needs an accelerator'),
    ('mpi', 'needs an accelerator'),
])
def test_launcher_that_cannot_start_is_explained(launcher, message,
                                                 unlaunched):
    with pytest.raises(UsageError, match=message):
        launch.start_processes(Config(), launcher)


def make_echo(path):
    """A program that prints its arguments, one per line."""
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize('tool, args, needed', [
    ('train', ['c.py', 'w dir'], ['c.py', '--work-dir', 'w dir']),
    ('test', ['c.py', 'c p.pth'], ['c.py', 'c p.pth']),
])
def test_slurm_script_hands_its_arguments_to_srun(tool, args, needed,
                                                  tmp_path):
    make_echo(tmp_path / 'srun')
    environment = tool_environment(
        GPUS='2', SRUN_ARGS='--time=1 --mem=2G', PYTHON='py')
    environment['PATH'] = f"{tmp_path}{os.pathsep}{environment['PATH']}"
    printed = subprocess.run(
        [ROOT / 'tools' / f'slurm_{tool}.sh', 'part', 'job', *args, '--x=a b'],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True).stdout.splitlines()
    assert printed[:2] == ['-p', 'part']
    assert {'--ntasks=2', '--gres=gpu:2', '--time=1', '--mem=2G'} <= {*printed}
    program = printed.index('py')
    assert printed[program:] == [
        'py', '-u', f'{ROOT}/tools/{tool}.py', *needed, '--launcher', 'slurm',
        '--x=a b'
    ]


@pytest.mark.parametrize('tool, args', [('train', ['c.py']),
                                        ('test', ['c.py', 'c.pth'])])
def test_distributed_script_hands_its_arguments_to_torchrun(
        tool, args, tmp_path):
    echo = make_echo(tmp_path / 'python')
    printed = subprocess.run(
        [ROOT / 'tools' / f'dist_{tool}.sh', *args, '3', '--x=a b'],
        env=tool_environment(PYTHON=str(echo), PORT='1234'),
        check=True,
        stdout=subprocess.PIPE,
        text=True).stdout.splitlines()
    assert printed[:2] == ['-m', 'torch.distributed.run']
    assert {'--nproc_per_node=3', '--master_port=1234'} <= {*printed}
    program = printed.index(f'{ROOT}/tools/{tool}.py')
    assert printed[program + 1:] == [*args, '--launcher', 'pytorch', '--x=a b']


@pytest.mark.parametrize(
    'script', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test'])
def test_script_without_arguments_shows_its_usage(script):
    done = subprocess.run([ROOT / 'tools' / f'{script}.sh'],
                          stderr=subprocess.PIPE,
                          text=True)
    assert done.returncode == 2
    assert done.stderr.startswith('usage: ')


def test_end_of_a_run_without_launcher_needs_no_group():
    launch.end_processes()
    assert not torch.distributed.is_initialized()
