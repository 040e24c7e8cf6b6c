# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train with and without Curvature Regularization and show what changed.

Two runs of tools/train.py on the bundled long-tailed images, then a table and
two figures from their records.
"""
import argparse
import json
import os
import os.path as osp
import subprocess
import sys
import time

HERE = osp.dirname(osp.abspath(__file__))
ROOT = osp.dirname(HERE)

CONFIG = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
RUNS = {'CE': ('ce', []), 'CE + CR': ('ce_cr', ['--cr'])}
# A larger network, small enough to be measured after every epoch.
OPTIONS = ('model.backbone.depth=20', 'train_cfg.val_interval=1',
           'default_hooks.checkpoint.interval=1',
           'default_hooks.logger.interval=5',
           'default_hooks.geometry.interval=1')


def train(name, switches, folder, epochs, progress, seed):
    """One run of tools/train.py in its own folder, with a progress bar."""
    os.makedirs(folder, exist_ok=True)
    log = osp.join(folder, 'console.log')
    command = [
        sys.executable,
        osp.join(HERE, 'train.py'),
        osp.join(ROOT, CONFIG), *switches, '--work-dir', folder, '--overwrite',
        '--cfg-options', *OPTIONS, f'train_cfg.max_epochs={epochs}',
        f'randomness.seed={seed}'
    ]
    bar = progress.add_task(name, total=epochs)
    started = time.time()
    with open(log, 'w') as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            time.sleep(0.5)
            progress.update(bar, completed=epochs_done(folder, started))
    finally:
        if process.poll() is None:
            process.terminate()
    if process.returncode:
        raise SystemExit(f'{name} stopped with exit code '
                         f'{process.returncode}. The end of {log}:\n' +
                         last_lines(log, 15))
    progress.update(bar, completed=epochs)


def epochs_done(folder, started):
    """Epochs so far, with the fraction of the running one."""
    done = 0.
    for path in scalar_files(folder):
        if osp.getmtime(path) < started:
            continue  # of an earlier demo
        with open(path) as file:
            for line in file:
                if line.endswith('\n'):
                    done = max(done, progress_of(json.loads(line)))
    return done


def progress_of(entry):
    if 'epoch' not in entry:  # a validation: its epoch is over
        return float(entry['step'])
    per_epoch = 39  # 2,478 images in batches of 64
    return min(entry['step'] / per_epoch, entry['epoch'] - 0.02)


def scalar_files(folder):
    for top, _, files in os.walk(folder):
        for name in files:
            if name == 'scalars.json':
                yield osp.join(top, name)


def last_lines(path, count):
    with open(path, errors='replace') as file:
        return ''.join(file.readlines()[-count:])


def read_run(folder):
    """History of a run, with its training counts: arrays by name."""
    import numpy as np

    from mmcurv.paper_figures import histories
    history = histories.read_history(folder, folder)
    tested = histories.records_by_epoch(folder, 'class_accuracy')
    rows = tested[max(tested)]['classes']
    run = {
        key: histories.known_array(history, key)
        for key in ('accuracy', 'log_curvature', 'curvature')
    }  # (E, C)
    return dict(
        run,
        epochs=history['epochs'],
        classes=history['classes'],
        train_counts=np.array([row['train_count'] for row in rows]),
        test_counts=np.array(history['test_count']))


def numbers(run):
    """Name to value and format, after the last epoch; nan if undefined."""
    import numpy as np

    from mmcurv.audit.report.numbers import number, percent, signed
    from mmcurv.fairness import accuracy_variance, group_accuracy, pearson
    accuracy, curvature = run['accuracy'][-1], run['curvature'][-1]
    groups = group_accuracy(accuracy, run['train_counts'])
    found = {
        'All test images': (np.average(accuracy,
                                       weights=run['test_counts']), percent)
    }
    for name in ('head', 'middle', 'tail'):
        found[name.title()] = getattr(groups, name).accuracy, percent
    found['Variance of class accuracy'] = (accuracy_variance(accuracy).value,
                                           number)
    found['Variance of curvature'] = np.nanvar(curvature), number
    found['Variance of log curvature'] = (np.nanvar(run['log_curvature'][-1]),
                                          number)
    found['Correlation of curvature and accuracy'] = pearson(
        curvature, accuracy, permutations=0, resamples=0).value, signed
    return found


def table(runs):
    """The numbers of both runs and the second minus the first."""
    from rich.table import Table
    table = Table('', *runs, 'difference', title='After the last epoch')
    first, second = (numbers(run) for run in runs.values())
    for name, (before, show) in first.items():
        after = second[name][0]
        change = show(after - before)
        table.add_row(
            name, show(before), show(after),
            f'+{change}' if after > before and change[0] != '+' else change)
    for column in table.columns[1:]:
        column.justify = 'right'
    return table


def plot_epochs(runs):
    """Accuracy and log curvature, mean and variance over classes."""
    import numpy as np

    from mmcurv.audit.report.style import (color, epoch_axis, panels,
                                           set_heading, set_legend)
    figure, axes = panels(2, 2, width=4.5, height=3)
    for column, (key, label) in zip(axes.T,
                                    (('accuracy', 'class accuracy'),
                                     ('log_curvature', 'log curvature'))):
        for axis, reduce, what in zip(column, (np.nanmean, np.nanvar),
                                      ('Mean', 'Variance')):
            for i, (name, run) in enumerate(runs.items()):
                axis.plot(
                    run['epochs'],
                    reduce(run[key], axis=1),
                    color=color(i),
                    label=name)
            set_heading(axis, f'{what} of {label} over classes')
            epoch_axis(axis)
    set_legend(axes[0, 0])
    return figure


def plot_classes(runs):
    """Accuracy of every class after the last epoch, most images first."""
    import numpy as np
    from matplotlib.ticker import PercentFormatter

    from mmcurv.audit.report.style import color, panel, set_legend
    first = next(iter(runs.values()))
    order = np.argsort(-first['train_counts'], kind='stable')
    figure, axis = panel(9, 4)
    width = 0.8 / len(runs)
    place = np.arange(len(order))
    for i, (name, run) in enumerate(runs.items()):
        axis.bar(
            place + (i - (len(runs) - 1) / 2) * width,
            run['accuracy'][-1][order],
            width,
            color=color(i),
            label=name)
    labels = [
        f'{first["classes"][c]}\n{first["train_counts"][c]:,}' for c in order
    ]
    axis.set_xticks(place, labels, rotation=30, ha='right')
    axis.set_xlabel('Class and its training images')
    axis.set_ylabel('Accuracy')
    axis.set_ylim(0, 1)
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    set_legend(axis, 'upper right')
    return figure


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--work-dir', default='work_dirs/demo')
    parser.add_argument('--epochs', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    return parser


def main(argv=None):
    args = make_parser().parse_args(argv)
    from rich.console import Console
    from rich.progress import (BarColumn, Progress, TextColumn,
                               TimeElapsedColumn, TimeRemainingColumn)

    console = Console()
    console.print(
        'Training a ResNet-20 twice on a long-tailed subset of Fashion-MNIST '
        '(2,478 images, 1,000 down to 10 per class), first with '
        'cross-entropy, then with Curvature Regularization from epoch 6 on. '
        'A few minutes on two cores.')
    columns = (TextColumn('{task.description:8}'), BarColumn(),
               TextColumn('epoch {task.completed:.0f}/{task.total:.0f}'),
               TimeElapsedColumn(), TimeRemainingColumn())
    folders = {
        name: osp.join(args.work_dir, folder)
        for name, (folder, _) in RUNS.items()
    }
    with Progress(*columns, console=console) as progress:
        for name, (_, switches) in RUNS.items():
            train(name, switches, folders[name], args.epochs, progress,
                  args.seed)
    runs = {name: read_run(folder) for name, folder in folders.items()}
    console.print(table(runs))
    curves = osp.join(args.work_dir, 'training.png')
    classes = osp.join(args.work_dir, 'class_accuracy.png')
    plot_epochs(runs).savefig(curves, dpi=150)
    plot_classes(runs).savefig(classes, dpi=150)
    console.print('One run of each, one seed: a demonstration, no evidence. '
                  'The numbers are those after the last epoch.')
    console.print(
        '\nCurvature and accuracy over the epochs: '
        f'{curves}\nAccuracy of every class:                {classes}')
    for name, folder in folders.items():
        console.print(f'Checkpoints, log and records of {name}: {folder}')
    console.print('All curves in a browser: '
                  f'{osp.relpath(sys.executable)} -m tensorboard.main '
                  f'--logdir {args.work_dir}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
