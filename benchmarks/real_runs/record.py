# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Loss, accuracy and time of the runs of this folder, epoch by epoch.

``python benchmarks/real_runs/record.py FOLDER ...`` reads finished work
folders and writes record.json beside this file;
``.dev_scripts/write_documents.py`` makes the table of docs/backbones.md of it.
"""
import glob
import json
import os.path as osp
import sys
from collections import defaultdict

from mmcurv.files import write_json

HERE = osp.dirname(osp.abspath(__file__))
RECORD = osp.join(HERE, 'record.json')
SCHEMA, SCHEMA_VERSION = 'mmcurv.real_runs', 1
KEPT = ('created', 'seed', 'code', 'packages', 'machine', 'cr', 'cost')
LOGGED = ('loss', 'loss_curvature', 'time')


def read_epochs(folder):
    """Means over all steps of each epoch, of what a run logged each step.

    Args:
        folder (str): Work folder of a run with ``logger.interval=1`` and
            ``log_processor.window_size=1``.

    Returns:
        dict[str, list]: ``loss`` and ``loss_curvature`` (E,), None for an
        epoch without CR, ``seconds`` (E,) and ``steps`` (E,).
    """
    pattern = osp.join(glob.escape(folder), '*', 'vis_data', 'scalars.json')
    path, = glob.glob(pattern)  # one start: a resumed run repeats no step
    rows = defaultdict(list)
    with open(path, encoding='utf-8') as file:
        for row in map(json.loads, file):
            if 'loss' in row:
                rows[row['epoch']].append(row)
    found = defaultdict(list)
    for epoch in sorted(rows):
        values = {
            key: [row[key] for row in rows[epoch] if key in row]
            for key in LOGGED
        }
        found['loss'].append(mean(values['loss']))
        found['loss_curvature'].append(mean(values['loss_curvature']))
        found['seconds'].append(sum(values['time']))
        found['steps'].append(len(rows[epoch]))
    return dict(found)


def mean(values):
    """Of a list; None of an empty one."""
    return sum(values) / len(values) if values else None


def read_run(folder):
    """What a finished run was, and what came of it.

    Args:
        folder (str): Work folder with ``run.json``.

    Returns:
        dict: One entry of the record.
    """
    with open(osp.join(folder, 'run.json'), encoding='utf-8') as file:
        run = json.load(file)
    epochs = read_epochs(folder)
    counts = run['split']['class_counts']
    evaluated = dict(zip(run['history']['epochs'], run['history']['overall']))
    return dict(
        config=run['config']['path'],
        config_hash=run['config']['hash'],
        class_counts=counts,
        fingerprint=run['split']['fingerprint'],
        test_images=sum(row['test_count'] for row in run['classes']),
        # None for an epoch that was not evaluated.
        top1=[evaluated.get(i + 1) for i in range(len(epochs['loss']))],
        metrics=run['results']['last']['metrics'],
        **epochs,
        **{key: run[key]
           for key in KEPT})


def main(folders):
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        runs=[read_run(folder) for folder in folders])
    write_json(RECORD, record)


if __name__ == '__main__':
    main(sys.argv[1:])
