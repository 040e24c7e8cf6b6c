# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs whose training is ``fake_training.py``."""
import sys
import time
from pathlib import Path

from mmcurv.benchmark.matrix import RunSpec
from mmcurv.benchmark.queue import PlannedRun
from mmcurv.engine.run_lock import lock_holder

SCRIPT = Path(__file__).with_name('fake_training.py')


def make_spec(folder, seed=0, **changes):
    values = dict(
        matrix='toy',
        method='CE',
        cr=False,
        dataset='Toy',
        imbalance_factor=100,
        model='ResNet-8',
        variant='',
        tau=None,
        seed=seed,
        config='configs/ce/toy.py',
        options={},
        folder=str(folder))
    values.update(changes)
    return RunSpec(**values)


def fake_run(root, seed=0, epochs=2, **options):
    """A run in ``<root>/toy/ce/seed<seed>``; options of the fake training."""
    folder = Path(root) / 'toy' / 'ce' / f'seed{seed}'
    command = [
        sys.executable,
        str(SCRIPT), '--resume', '--work-dir',
        str(folder), '--epochs',
        str(epochs)
    ]
    for name, value in options.items():
        command.append(f'--{name.replace("_", "-")}')
        command += [] if value is True else [str(value)]
    return PlannedRun(make_spec(folder, seed), command, [epochs])


def starts(run):
    """First epoch of each start, and whether it was alone in the folder."""
    path = Path(run.folder) / 'starts'
    return path.read_text().splitlines() if path.exists() else []


def epoch_evaluated(run, epoch):
    """Whether an epoch is over and its checkpoint written."""
    name = f'class_accuracy/epoch_{epoch:03d}.json'
    return (Path(run.folder) / name).exists()


def is_done(run):
    """Whether its record says that it has ended."""
    path = Path(run.folder) / 'run.json'
    return path.exists() and '"done"' in path.read_text()


def snapshot(folder):
    """Time and content of every file."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(Path(folder).rglob('*')) if path.is_file()
    }


def training(run):
    """Number of the process that trains a run."""
    return int(lock_holder(run.folder).split()[1])


def let_go(run):
    """End the wait of ``hold_at``."""
    (Path(run.folder) / 'go').touch()


def wait_for(condition, seconds=60.):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, 'waited in vain'
        time.sleep(0.01)
