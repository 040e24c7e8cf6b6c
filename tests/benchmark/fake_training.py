# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A program that leaves the files of a training, in no time."""
import argparse
import json
import os
import signal
import sys
import time
import zipfile
from pathlib import Path


def is_alive(process):
    """A zombie, which nobody has asked for its exit code yet, is not."""
    try:
        os.kill(process, 0)
        state = Path(f'/proc/{process}/stat').read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state.rpartition(')')[2].split()[0] != 'Z'


def write_checkpoint(folder, epoch):
    with zipfile.ZipFile(folder / f'epoch_{epoch}.pth', 'w') as file:
        file.writestr('weights', bytes(2000))


def last_whole(folder):
    """Epoch of the newest checkpoint that was not cut short, else 0."""
    epochs = [int(path.stem[6:]) for path in folder.glob('epoch_*.pth')]
    return max((epoch for epoch in epochs
                if zipfile.is_zipfile(folder / f'epoch_{epoch}.pth')),
               default=0)  # yapf: disable


def write_record(folder, state):
    record = dict(schema='mmcurv.run', schema_version=1, state=state)
    (folder / 'run.json').write_text(json.dumps(record))


def note_start(folder, first):
    """One line a start: its first epoch, and whether it was alone."""
    alone = 'alone'
    if (folder / 'process').exists():
        other = int((folder / 'process').read_text())
        alone = 'NOT ALONE' if is_alive(other) else 'alone'
    (folder / 'process').write_text(str(os.getpid()))
    with open(folder / 'starts', 'a') as file:
        file.write(f'epoch {first} {alone}\n')


def train(args):
    folder = Path(args.work_dir)
    first = last_whole(folder) + 1
    note_start(folder, first)
    write_record(folder, 'running')
    variables = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'CUDA_VISIBLE_DEVICES')
    (folder / 'environment').write_text(
        json.dumps({name: os.environ.get(name)
                    for name in variables}))
    (folder / 'class_accuracy').mkdir(exist_ok=True)
    for epoch in range(first, args.epochs + 1):
        print('training epoch', epoch)
        print(
            f'Epoch(train) [{epoch}][20/40]  lr: 6.0000e-02  '
            'eta: 0:00:07  time: 0.1241',
            flush=True)
        time.sleep(args.seconds)
        if epoch == args.fail_at:
            raise RuntimeError(f'no luck in epoch {epoch}')
        if epoch == args.full_disk_at:
            with open('/dev/full', 'w') as file:
                file.write('no room')
        if epoch == args.killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        write_checkpoint(folder, epoch)
        print(
            f'Epoch(val) [{epoch}][8/8]    accuracy/top1: {30 + epoch}.2000'
            '  fairness/overall: 1.0000',
            flush=True)
        (folder / f'class_accuracy/epoch_{epoch:03d}.json').write_text('{}')
        while epoch == args.hold_at and not (folder / 'go').exists():
            time.sleep(0.02)
    if not args.no_record:
        write_record(folder, 'done')
    return args.exit_code


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--work-dir', required=True)
    parser.add_argument('--resume', action='store_true')
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--seconds', type=float, default=0)
    for name in ('fail', 'full-disk', 'killed', 'hold'):
        parser.add_argument(f'--{name}-at', type=int)
    parser.add_argument('--no-record', action='store_true')
    parser.add_argument('--exit-code', type=int, default=0)
    return train(parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
