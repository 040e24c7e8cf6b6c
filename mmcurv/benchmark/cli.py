# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The commands of ``tools/benchmark.py``: arguments in, exit code out.

Each command imports what it needs when it is given, so that ``--help`` is
there at once.
"""
import argparse
import contextlib
import os
import shlex
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Sequence

from . import ROOT

PIPE_WIDTH = 100  # characters, where no terminal says how wide it is
INTERRUPTED = 128  # plus the signal's number, as shells report it


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets its function as ``run``."""
    parser = argparse.ArgumentParser(
        prog='benchmark.py',
        description='Train matrices of runs: methods with and without CR, '
        'data sets, seeds.')
    commands = parser.add_subparsers(
        title='commands', dest='command', required=True)
    for function, about, more in COMMANDS:
        one = commands.add_parser(
            function.__name__, help=about, description=more)
        one.set_defaults(run=function)
        several = function is not collect
        one.add_argument(
            'matrices' if several else 'matrix',
            nargs='+' if several else '?',
            metavar='MATRIX',
            help='path of a matrix file, such as '
            'benchmarks/matrices/bundled.yml')
        for name, options in (SELECTION | OPTIONS[function.__name__]).items():
            one.add_argument(name, **options)
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Give a command; returns its exit code, 2 if something has to be put
    right first."""
    args = make_parser().parse_args(argv)
    from rich.console import Console
    from rich.text import Text

    from mmcurv.arguments import UsageError
    try:
        with warnings.catch_warnings():
            # mmcv-lite says that it is no mmcv, which no config here needs.
            warnings.filterwarnings('ignore', message='Fail to import')
            return args.run(args)
    except UsageError as error:
        # Soft wrapping: what is copied from the terminal stays in one piece.
        Console(stderr=True).print(
            Text(f'benchmark.py {args.command}: {error}', style='red'),
            soft_wrap=True)
        return 2


def load_matrices(
    paths: Sequence[str],
    root: str = ROOT,
    only: Sequence[str] = (),
    without: Sequence[Sequence[str]] = ()
) -> List:
    """Read matrices, from here or of those that come with mmcurv, and keep the
    runs that are asked for; those of which a run is left.

    Raises:
        UsageError: If a matrix cannot be read, two have one name, or no run
            fits.
    """
    from mmcurv.arguments import UsageError, find_file
    for path in paths:  # the imports take longer
        find_file(path, 'matrix')
    from .matrix import read_matrix, select_runs
    matrices = [read_matrix(path, root) for path in paths]
    names = [matrix.name for matrix in matrices]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise UsageError(
                f'{paths[names.index(name)]} and {paths[i]} have one name, '
                f'{name!r}, and so the same folders; give each matrix once')
    runs = [run for matrix in matrices for run in matrix.runs]
    chosen = {run.folder for run in select_runs(runs, only, without)}
    kept = [
        matrix._replace(runs=[r for r in matrix.runs if r.folder in chosen])
        for matrix in matrices
    ]
    return [matrix for matrix in kept if matrix.runs]


def plan(args: argparse.Namespace) -> int:
    """Print how the runs of matrices stand."""
    from rich.console import Console

    whole = load_matrices(args.matrices, args.root)
    matrices = load_matrices(args.matrices, args.root, args.only, args.without)
    from .configs import check_configs
    from .plan import plan_runs, plan_summary, plan_table
    from .run_folder import run_state
    from .slurm import live_jobs
    shown = {run.folder for matrix in matrices for run in matrix.runs}
    cells = {run.cell for matrix in matrices for run in matrix.runs}
    # Other seeds of the same cells tell how long a run takes.
    runs = [
        run for matrix in whole for run in matrix.runs if run.cell in cells
    ]
    check_configs(runs)
    jobs = live_jobs(runs)
    planned = plan_runs(runs,
                        {run.folder: run_state(run, jobs)
                         for run in runs})
    planned = [one for one in planned if one.spec.folder in shown]
    wide = sys.stdout.isatty()
    console = Console(width=None if wide else PIPE_WIDTH)
    for matrix in matrices:
        own = [one for one in planned if one.spec.matrix == matrix.name]
        console.print(plan_table(matrix, own, args.runs))
    console.print(plan_summary(planned), soft_wrap=True)
    return 0


def run(args: argparse.Namespace) -> int:
    """Train what of the matrices is still to be trained."""
    from rich.console import Console

    from mmcurv.arguments import UsageError
    if args.cluster is None and args.cluster_options:
        raise UsageError('--cluster-options: expected --cluster slurm with '
                         'it, since this machine takes none')
    matrices = load_matrices(args.matrices, args.root, args.only, args.without)
    specs = [spec for matrix in matrices for spec in matrix.runs]
    console = Console()
    runs, states = _open_runs(specs)
    without = [state.kind for state in states].count('no config')
    if without:
        _say(console,
             f'Runs without a config, which are passed over: {without}')
    kinds = {spec.folder: state.kind for spec, state in zip(specs, states)}
    submitted = [one for one in runs if kinds[one.folder] == 'waiting']
    if submitted:
        _say(console, f'Runs that wait for a job of a cluster: '
             f'{len(submitted)}')
        runs = [one for one in runs if one not in submitted]
    if args.dry_run:
        for one in runs:
            _say(console, shlex.join(one.command))
        return 0
    try:
        os.makedirs(args.root, exist_ok=True)
    except OSError as error:
        raise UsageError(f'--root: {error}') from error
    done = [state.kind for state in states].count('done')
    if args.cluster:
        runs = [one for one in runs if kinds[one.folder] != 'running']
        return _submit(console, args, runs, done, len(states) - without)
    return _train(console, args, runs, done, done + len(runs), len(submitted))


def _open_runs(specs):
    """What is still to be trained, in the order of the starts, after every
    run was checked; and how all runs stand."""
    from mmcurv.arguments import UsageError
    from .configs import broken_configs, spec_stages, train_command
    from .queue import PlannedRun
    from .run_folder import STATES, RunState, lost_start, run_state
    from .slurm import live_jobs
    broken = broken_configs(specs, build=True)
    jobs, states = live_jobs(specs), []
    for spec in specs:
        try:
            states.append(run_state(spec, jobs))
        except UsageError:  # its config cannot be read, which is told above
            states.append(RunState('unreadable'))
    lines = [f'  {config}: {reason}' for config, reason in broken]
    lines += [
        f'  {spec.folder}: {state.reason}'
        for spec, state in zip(specs, states)
        if state.reason and not STATES[state.kind].is_open
    ]
    asked = {spec.folder for spec in specs}
    for spec, state in zip(specs, states):
        if spec.branch and state.kind in ('missing', 'partial', 'failed'):
            with contextlib.suppress(UsageError):  # of a config, told above
                lost = lost_start(spec, asked)
                lines += [f'  {spec.folder}: {lost}'] if lost else []
    if lines:
        raise UsageError('\n'.join(
            ['nothing was started, because of:', *lines]))
    # What is trained elsewhere is waited for from the start; what has begun
    # is finished before anything new begins.
    first = ['running', 'partial']
    still = [(spec, state.kind) for spec, state in zip(specs, states)
             if STATES[state.kind].is_open]
    still.sort(key=lambda entry: first.index(entry[1])
               if entry[1] in first else len(first))
    return [
        PlannedRun(spec, train_command(spec),
                   [stage.epochs for stage in spec_stages(spec)])
        for spec, _ in still
    ], states


def _submit(console, args: argparse.Namespace, runs: List, done: int,
            total: int) -> int:
    from .configs import read_option_arguments
    from .run_folder import can_start
    from .slurm import submit
    for one in [one for one in runs if not can_start(one.spec)]:
        runs.remove(one)
        _say(
            console, f'waits     {one.spec.name}: for '
            f'{one.spec.branch.checkpoint}; give this command again when '
            'that is there')
    options = read_option_arguments(args.cluster_options)
    for one, job in zip(
            runs, runs and submit(runs, args.cluster, args.root, args.threads,
                                  args.workers, options)):
        _say(
            console, f'submitted {one.spec.name}: job {job}, '
            f'{os.path.join(one.folder, "console.log")}')
    _say(
        console, f'{done} of {total} runs are done, {len(runs)} were '
        f'submitted, {total - done - len(runs)} run or wait. The jobs go on '
        'without this command; "plan" shows them, "cancel" takes them back.',
        'bold')
    return 0


def _train(console, args: argparse.Namespace, runs: List, done: int,
           total: int, left_out: int) -> int:
    from mmcurv.arguments import UsageError
    from mmcurv.engine.provenance import usable_cores
    from mmcurv.engine.run_lock import fcntl
    from .progress import RunProgress
    from .queue import RunQueue, plan_workers, stop_signals
    from .run_folder import LOG
    if fcntl is None:
        raise UsageError('"run" needs locks of files, which this system '
                         'does not have; use one that is a Unix')
    workers = plan_workers(usable_cores(), _usable_gpus(), args.workers,
                           args.threads)
    with stop_signals() as stop:
        with RunProgress(console, total, done) as watch:
            queue = RunQueue(workers, watch, stop)
            endings = queue.run(runs)
    failed = [ending for ending in endings if ending.kind == 'failed']
    for ending in endings:
        if ending.kind == 'not run':
            _say(console, f'not run {ending.run.spec.name}: {ending.reason}',
                 'red')
    done += sum(ending.kind == 'done' for ending in endings)
    for ending in failed:
        _say(console, f'failed  {ending.run.spec.name}: {ending.reason}',
             'red')
        _say(console, f'        {os.path.join(ending.run.folder, LOG)}')
    _say(
        console, f'{done} of {total} runs are done, {len(failed)} failed, '
        f'{total - done - len(failed)} left', 'bold')
    if queue.lack:
        _say(console, f'Not all was started: {queue.lack}', 'red')
    if stop:
        _say(
            console, 'Interrupted. What is done is kept: give the same '
            'command again to go on.')
        return INTERRUPTED + stop[0]
    return 0 if done == total and not left_out else 1


def _usable_gpus() -> List[str]:
    """GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch
    count = torch.cuda.device_count()
    chosen = os.environ.get('CUDA_VISIBLE_DEVICES')
    names = map(str, range(count)) if chosen is None else chosen.split(',')
    return [name.strip() for name in names][:count]


def cancel(args: argparse.Namespace) -> int:
    """Take back the jobs of runs."""
    from rich.console import Console
    matrices = load_matrices(args.matrices, args.root, args.only, args.without)
    from .slurm import cancel as take_back
    found = take_back([spec for matrix in matrices for spec in matrix.runs])
    console = Console()
    for spec in found:
        _say(console, f'cancelled {spec.name}')
    _say(console, f'Jobs that were cancelled: {len(found)}', 'bold')
    return 0


def collect(args: argparse.Namespace) -> int:
    """Write and print what the runs of a matrix say together."""
    from rich.console import Console

    from mmcurv.arguments import UsageError
    try:
        collection = _collection(args)
        from .collect import summarize
        from .tables import terminal
        summary = summarize(collection)
        out_dir = args.out_dir or os.path.join(
            args.root, collection['matrix']['name'], 'collected')
        paths = write_collected(out_dir, collection, summary, args.best)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(terminal(summary))
    for path in paths:
        _say(console, path)
    return 0


def write_collected(out_dir: str,
                    collection: Dict[str, Any],
                    summary: Any,
                    best: bool = False) -> List[str]:
    """Write everything that a collection gives, each file as a whole; returns
    their paths. ``best`` shows the best epoch as well."""
    from mmcurv.audit.report.style import save_figure
    from mmcurv.files import write_text
    from . import figures, page, tables
    from .collect import write_collection
    drawn = figures.draw_figures(summary)
    paths = [os.path.join(out_dir, 'collection.json')]
    write_collection(paths[0], collection)
    for name, text in (('tables.md', tables.markdown(summary, best)),
                       ('tables.tex', tables.latex(summary, best)),
                       ('numbers.csv',
                        tables.long_table(summary).to_csv(index=False)),
                       ('benchmark.html', page.page(summary, drawn))):
        paths.append(os.path.join(out_dir, name))
        write_text(paths[-1], text)
    for name, each in drawn.items():
        paths += save_figure(each.figure, os.path.join(out_dir, 'figures'),
                             name)
    return paths


def _collection(args: argparse.Namespace) -> Dict[str, Any]:
    from mmcurv.arguments import UsageError, check_file
    if not args.collection:
        if not args.matrix:
            raise UsageError(
                'expected the path of a matrix, or --collection FILE')
        matrix, = load_matrices([args.matrix], args.root, args.only,
                                args.without)
        from .collect import collect
        return collect(matrix, _collect_command(args))
    check_file(args.collection, '--collection')
    from .collect import read_collection
    from .matrix import select_runs
    collection = read_collection(args.collection)
    name = collection['matrix']['name']
    if args.matrix and Path(args.matrix).stem != name:
        raise UsageError(f'--collection {args.collection}: expected runs of '
                         f'{args.matrix}, got those of the matrix {name!r}')
    runs = [SimpleNamespace(**run) for run in collection['runs']]
    runs = select_runs(runs, args.only, args.without)
    collection['runs'] = list(map(vars, runs))
    return collection


def _collect_command(args: argparse.Namespace) -> str:
    """The command line as far as it decides which runs are collected."""
    words = ['tools/benchmark.py', 'collect', args.matrix]
    words += ['--root', args.root] if args.root != ROOT else []
    words += ['--only', *args.only] if args.only else []
    for conditions in args.without:
        words += ['--without', *conditions]
    return shlex.join(words)


def _say(console, text: str, style: str = '') -> None:
    from rich.text import Text

    # Soft wrapping: what is copied from the terminal stays in one piece.
    console.print(Text(text, style), soft_wrap=True)


COMMANDS = (
    (plan, 'show what matrices train, what is done and what is left',
     'Show the runs of matrices: their states, the time left and the reasons '
     'of failures. Nothing is trained or written.'),
    (run, 'train what is still to be trained',
     'Train every run of matrices that is not done, those begun first. Given '
     'again after whatever happened, it goes on where it was: finished runs '
     'are left alone, begun ones go on from their last whole checkpoint, '
     'failed ones are tried again, and what another process trains is waited '
     'for. Exits with 0 if all runs are done, or, with --cluster, submitted; '
     'with 1 if some are not, with 2 if nothing could be started.'),
    (cancel, 'take back the jobs of a cluster',
     'Cancel the jobs of runs that were submitted by "run --cluster". What '
     'was trained is kept, and "run" goes on with it.'),
    (collect, 'make tables, a page and figures of what was trained',
     'Read the records of the finished runs of a matrix and write '
     'collection.json, tables.md, tables.tex, numbers.csv, benchmark.html and '
     'figures. The folders of the runs stay as they are.'),
)
PAIRS = dict(nargs='+', default=[], metavar='KEY=VALUE')
SELECTION = {
    '--root':
    dict(
        default=ROOT,
        metavar='DIR',
        help=f'folder of all runs; default: {ROOT}'),
    '--only':
    dict(
        PAIRS,
        action='extend',
        help='only these runs, e.g. method=CE cr=true dataset=CIFAR-10-LT '
        'factor=100 model=ResNet-32 variant=tau=10 seed=0; several values '
        'of one key are alternatives'),
    '--without':
    dict(
        PAIRS,
        action='append',
        help='leave out the runs that fit all of these; can be given several '
        'times'),
}
OPTIONS = dict(
    plan={
        '--runs':
        dict(action='store_true', help='a line for each run, not cell')
    },
    run={
        '--dry-run':
        dict(
            action='store_true',
            help='print the commands instead of running them'),
        '--workers':
        dict(
            type=int,
            metavar='N',
            help='runs at a time; by default one for each GPU, without GPUs '
            'as many as the cores have room for, in a cluster all'),
        '--threads':
        dict(type=int, metavar='M', help='of each run; 1 by default'),
        '--cluster':
        dict(
            choices=('slurm', 'local'),
            help="submit each run as a job of Slurm, or of submitit's local "
            'executor to try that out, and leave; "plan" shows what became of '
            'them, "cancel" takes them back. Needs pip install '
            "'mmcurv[slurm]'"),
        '--cluster-options':
        dict(
            PAIRS,
            help='of submitit, e.g. slurm_partition=gpu timeout_min=600 '
            'gpus_per_node=1'),
    },
    cancel={},
    collect={
        '--out-dir':
        dict(
            metavar='DIR',
            help='where to write; by default "collected" beside the runs of '
            'the matrix'),
        '--collection':
        dict(
            metavar='FILE',
            help='a collection.json that was kept, instead of the folders of '
            'the runs'),
        '--best':
        dict(
            action='store_true',
            help='also show the best epoch, which was chosen on the images '
            'that it is reported on'),
    })
