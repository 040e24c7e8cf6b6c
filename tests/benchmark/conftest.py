# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A cluster of shell programs, which keeps what it was given."""
import pytest

PROGRAMS = dict(
    srun='',
    sacct='',
    sbatch='cp $1 SCRIPT; echo job 12; seq -f 12_%g 0 1 > QUEUE',
    squeue='cat QUEUE',
    scancel='for i in $*; do grep -vx $i QUEUE > QUEUE.new; '
    'mv QUEUE.new QUEUE; done')


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Path of the script of the last job; an array of two jobs is alive."""
    script, queue = tmp_path / 'job.sh', tmp_path / 'queue'
    queue.touch()
    for name, line in PROGRAMS.items():
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        line = line.replace('SCRIPT', str(script)).replace('QUEUE', str(queue))
        path.write_text(f'#!/bin/sh\n{line}\n')
        path.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}/bin', prepend=':')
    return script
