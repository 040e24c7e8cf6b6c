# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train three ways on the bundled images, and show which classes gain.

Runs of tools/train.py on long-tailed images: cross-entropy alone, with
Curvature Regularization as printed, and with a margin for hard classes. Then
a table and two figures from their records, the audit of each and what each
changed.
"""
import argparse
import glob
import json
import os
import os.path as osp
import subprocess
import sys
import time

HERE = osp.dirname(osp.abspath(__file__))
ROOT = osp.dirname(HERE)

CONFIG = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
STEPS = 39  # 2,478 images in batches of 64
# Name -> folder, switches and options of tools/train.py.
RUNS = {
    'CE': ('ce', [], []),
    'CE + CR': ('ce_cr', ['--cr'], []),
    'CE + margin': ('ce_margin', [], [
        'default_hooks.margin.type=mmcurv.DifficultyMarginHook',
        'default_hooks.margin.gamma=0.5'
    ]),
}
OPTIONS = ('train_cfg.val_interval=1', 'default_hooks.checkpoint.interval=1',
           'default_hooks.checkpoint.max_keep_ckpts=1',
           'default_hooks.logger.interval=5',
           'default_hooks.geometry.interval=1')


def train(folders, epochs, seed, told):
    """Train all of them side by side, each with one thread: on few cores that
    ends sooner than one after the other with all threads, and the number of
    cores does not change the numbers.

    Args:
        folders (dict[str, str]): Of the runs, by their names in RUNS.
        epochs (int): Their number.
        seed (int): Of every run.
        told (Callable): Gets a name, epochs done, a fraction of the running
            one included, and the accuracies of those that are over, in
            percent.
    """
    started = time.time()
    running = {
        name: start(name, folder, epochs, seed)
        for name, folder in folders.items()
    }
    try:
        while running:
            time.sleep(0.5)
            for name, process in list(running.items()):
                code = process.poll()
                if code:
                    log = console_log(folders[name])
                    raise SystemExit(
                        f'{name} stopped with exit code {code}. The end of '
                        f'{log}:\n{last_lines(log, 15)}')
                told(name, *progress_of(folders[name], started))
                if code == 0:
                    del running[name]
    finally:
        for process in running.values():
            process.terminate()


def start(name, folder, epochs, seed):
    """One run of tools/train.py in its own folder."""
    _, switches, options = RUNS[name]
    os.makedirs(folder, exist_ok=True)
    command = [
        sys.executable,
        osp.join(HERE, 'train.py'),
        osp.join(ROOT, CONFIG), *switches, '--work-dir', folder, '--overwrite',
        '--cfg-options', *OPTIONS, *options, f'train_cfg.max_epochs={epochs}',
        f'randomness.seed={seed}'
    ]
    with open(console_log(folder), 'w') as file:
        return subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, OMP_NUM_THREADS='1'))


def console_log(folder):
    return osp.join(folder, 'console.log')


def progress_of(folder, started):
    """Epochs so far, with the fraction of the running one, and accuracies."""
    done, accuracies = 0., []
    for path in scalar_files(folder):
        if osp.getmtime(path) < started:
            continue  # of an earlier demo
        with open(path) as file:
            lines = [line for line in file if line.endswith('\n')]
        for entry in map(json.loads, lines):
            if 'accuracy/top1' in entry:  # a validation: its epoch is over
                done = max(done, float(entry['step']))
                accuracies.append(entry['accuracy/top1'])
            elif 'epoch' in entry:
                part = entry['step'] / STEPS
                done = max(done, min(part, entry['epoch'] - 0.02))
    return done, accuracies


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

    from mmcurv.fairness import accuracy_variance, group_accuracy, pearson
    from mmcurv.numbers import number, percent, signed
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
    found['Variance of log curvature'] = (np.nanvar(run['log_curvature'][-1]),
                                          number)
    found['Correlation of curvature and accuracy'] = pearson(
        curvature, accuracy, permutations=0, resamples=0).value, signed
    return found


def table(runs):
    """The numbers of all runs, and of each but the first how it differs."""
    from rich.table import Table

    from mmcurv.numbers import percent, points, signed_number
    table = Table('', *runs, title='After the last epoch')
    first, *others = (numbers(run) for run in runs.values())
    for name, (before, show) in first.items():
        cells = [show(before)]
        for after in (other[name][0] for other in others):
            change = after - before
            change = (f'{points(change)} points'
                      if show is percent else signed_number(change))
            cells.append(f'{show(after)} ({change})')
        table.add_row(name, *cells)
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


def audits(folders, work_dir):
    """Audit each last checkpoint and compare it with the first; lines that
    say where the pages are."""
    commands, records = [], {}
    for name, folder in folders.items():
        config, = glob.glob(osp.join(folder, '*.py'))
        with open(osp.join(folder, 'last_checkpoint')) as file:
            checkpoint = file.read().strip()
        out = osp.join(work_dir, 'audit', osp.basename(folder))
        commands.append(
            ('analyze_curvature', config, checkpoint, '--out-dir', out))
        records[name] = osp.join(out, 'audit.json')
    run_tools(commands)
    first, *others = records
    run_tools([('compare', records[first], records[name], '--out-dir',
                osp.dirname(records[name])) for name in others])
    for name, record in records.items():
        page = osp.join(osp.dirname(record), 'report.html')
        yield f'Audit of {name}: {page}'
    for name in others:
        page = osp.join(osp.dirname(records[name]), 'compare.html')
        yield f'{name} against {first}: {page}'


def run_tools(commands):
    """Run files of tools/ side by side: name and arguments of each."""
    started = [(name,
                subprocess.Popen(
                    [sys.executable,
                     osp.join(HERE, f'{name}.py'), *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True)) for name, *arguments in commands]
    ended = [(name, process.communicate()[0], process.returncode)
             for name, process in started]
    for name, said, code in ended:
        if code:
            raise SystemExit(
                f'{name} stopped with exit code {code}:\n{said[-3000:]}')


def main(argv=None):
    args = make_parser().parse_args(argv)
    from rich.console import Console
    from rich.progress import (BarColumn, Progress, TextColumn,
                               TimeElapsedColumn, TimeRemainingColumn)

    console = Console()
    console.print(
        'Training a ResNet-8 three times on a long-tailed subset of '
        'Fashion-MNIST (2,478 images, 1,000 down to 10 per class): with '
        'cross-entropy, with Curvature Regularization from epoch 6 on, and '
        'with a margin for hard classes from half of the training on; side by '
        'side, a few minutes on two cores.')
    folders = {
        name: osp.join(args.work_dir, folder)
        for name, (folder, _, _) in RUNS.items()
    }
    columns = (TextColumn('{task.description:11}'), BarColumn(),
               TextColumn('epoch {task.completed:.0f}/{task.total:.0f}'),
               TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(
            *columns, console=console,
            disable=not console.is_terminal) as progress:
        bars = {
            name: progress.add_task(name, total=args.epochs)
            for name in folders
        }
        said = dict.fromkeys(folders, 0)

        def told(name, done, accuracies):
            progress.update(bars[name], completed=done)
            for epoch, accuracy in enumerate(accuracies, 1):
                if epoch > said[name] and not console.is_terminal:
                    print(
                        f'{name}: epoch {epoch}/{args.epochs}, '
                        f'accuracy {accuracy:.1f} %',
                        flush=True)
            said[name] = len(accuracies)

        train(folders, args.epochs, args.seed, told)
    runs = {name: read_run(folder) for name, folder in folders.items()}
    console.print(table(runs))
    curves = osp.join(args.work_dir, 'training.png')
    classes = osp.join(args.work_dir, 'class_accuracy.png')
    plot_epochs(runs).savefig(curves, dpi=150)
    plot_classes(runs).savefig(classes, dpi=150)
    console.print('One run of each, one seed: a demonstration, no evidence. '
                  'The numbers are those after the last epoch, in brackets '
                  'the difference from CE.')
    console.print('\nAuditing the last checkpoints: which classes fail, and '
                  'what each change did to them.')
    for line in audits(folders, args.work_dir):
        console.print(line, soft_wrap=True)
    console.print(
        f'Curvature and accuracy over the epochs: {curves}\n'
        f'Accuracy of every class: {classes}',
        soft_wrap=True)
    for name, folder in folders.items():
        console.print(
            f'Checkpoints, log and records of {name}: {folder}',
            soft_wrap=True)
    console.print(
        f'All curves in a browser: {osp.relpath(sys.executable)} -m '
        f'tensorboard.main --logdir {args.work_dir}',
        soft_wrap=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
