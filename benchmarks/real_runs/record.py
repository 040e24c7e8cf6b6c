# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Loss, accuracy and time of the runs of this folder, epoch by epoch.

``python benchmarks/real_runs/record.py FOLDER ...`` reads finished work
folders, writes record.json beside this file and the table of
docs/backbones.md that is made of it.
"""
import glob
import json
import os.path as osp
import sys
from collections import defaultdict

from mmcurv.audit.report.numbers import fixed
from mmcurv.benchmark.cards.marked_part import replace_part
from mmcurv.files import write_json, write_text

HERE = osp.dirname(osp.abspath(__file__))
RECORD = osp.join(HERE, 'record.json')
DOCUMENT = osp.join(HERE, '..', '..', 'docs', 'backbones.md')
MARK = 'real runs'
SCHEMA, SCHEMA_VERSION = 'mmcurv.real_runs', 1
KEPT = ('created', 'seed', 'code', 'packages', 'machine', 'cr', 'cost')
LOGGED = ('loss', 'loss_curvature', 'time')
COLUMNS = ('config', 'images', 'classes', 'parameters', 'loss, epoch by epoch',
           'top-1, epoch by epoch', 'chance', 'CR from', 'seconds an epoch',
           'images a second')


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


def table(record):
    """The runs as a Markdown table.

    Args:
        record (dict): Of :func:`main`.

    Returns:
        str: One line for each run.
    """
    lines = [COLUMNS, [':--'] + ['--:'] * (len(COLUMNS) - 1)]
    lines += map(cells, record['runs'])
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def cells(run):
    """One line of :func:`table`."""
    images, classes = sum(run['class_counts']), len(run['class_counts'])
    cr = run['cr']
    return [
        f'`{osp.basename(run["config"])}`', f'{images:,}', f'{classes}',
        f'{run["cost"]["parameters"]:,}', ', '.join(f'{loss:.3f}'
                                                    for loss in run['loss']),
        ', '.join(map(fixed(1), run['top1'])), f'{100 / classes:g}',
        f'epoch {cr["start_epoch"]}' if cr else 'none',
        f'{mean(run["seconds"]):,.0f}',
        f'{images * len(run["seconds"]) / sum(run["seconds"]):,.0f}'
    ]


def main(folders):
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        runs=[read_run(folder) for folder in folders])
    write_json(RECORD, record)
    with open(DOCUMENT, encoding='utf-8') as file:
        text = file.read()
    text = replace_part(text, f'\n{table(record)}\n', DOCUMENT, MARK)
    write_text(DOCUMENT, text)


if __name__ == '__main__':
    main(sys.argv[1:])
