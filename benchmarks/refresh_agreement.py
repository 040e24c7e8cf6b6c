# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far remembered class curvatures are from those measured anew.

Trainings with each ``refresh`` of CR, of the same seeds. After every epoch
with CR, log G of the classes as the run remembers it is compared with log G of
the same pool after all its points are measured anew, on a copy, so that the
run does not change; and with what the run of the same seed that refreshes
otherwise remembers. Trainings with different refreshes part soon, so how far
two seeds of one refresh are apart is told as well.
"""
import argparse
import copy
import datetime
import itertools
import json
import os.path as osp
from statistics import fmean

import numpy as np
from mmengine.hooks import Hook

from mmcurv.arguments import KeyValueAction
from mmcurv.engine.curvature.hook import FeaturePoolHook
from mmcurv.engine.geometry_record import pearson_or_nan
from mmcurv.engine.launch import load_config
from mmcurv.engine.provenance import code_version, machine, package_versions
from mmcurv.engine.stages.run import build_runner
from mmcurv.fairness import spearman
from mmcurv.files import write_json

HERE = osp.dirname(osp.abspath(__file__))
SCHEMA, SCHEMA_VERSION = 'mmcurv.refresh_agreement', 1
REFRESHES = ('batch', 'all')
CONFIG = osp.join(
    osp.dirname(HERE), 'configs', 'ce', 'ce_resnet8_fashion-mini-if100_cr.py')


def agreement(values, others):
    """How near two readings of the classes' log G are.

    Classes that are not finite in both are left out; ``entered`` counts the
    others.

    Args:
        values (Sequence[float]): Shape (C,).
        others (Sequence[float]): Shape (C,).

    Returns:
        dict: ``pearson`` and ``spearman`` over the classes, nan for fewer
        than three or constant ones; ``largest`` and ``mean`` absolute
        difference, ``bias`` (mean of values minus others); ``spread``
        (standard deviation of ``others`` over the classes, which differences
        compare with); ``entered``.
    """
    both = np.array([values, others], dtype=float)  # (2, C)
    both = both[:, np.isfinite(both).all(0)]
    apart = np.abs(both[0] - both[1])
    straight, entered = pearson_or_nan(*both)
    by_rank = float('nan')
    if not np.isnan(straight):
        by_rank = spearman(*both, permutations=0, resamples=0).value
    some = entered > 0
    return dict(
        pearson=straight,
        spearman=by_rank,
        largest=float(apart.max()) if some else float('nan'),
        mean=float(apart.mean()) if some else float('nan'),
        bias=float((both[0] - both[1]).mean()) if some else float('nan'),
        spread=float(both[1].std()) if some else float('nan'),
        entered=entered)


def remembered_and_fresh(curvature):
    """log G of the classes (C,) as remembered, and with every pooled point
    measured anew; the PooledCurvature stays as it is."""
    anew = copy.deepcopy(curvature)
    anew.measure_all()
    return curvature.class_values().tolist(), anew.class_values().tolist()


def compare_runs(runs):
    """Agreement of every pair that is asked for, epoch by epoch."""
    within = [
        dict(
            refresh=run['refresh'],
            seed=run['seed'],
            epoch=at['epoch'],
            **agreement(at['remembered'], at['fresh'])) for run in runs
        for at in run['epochs']
    ]
    between, seeds = [], []
    for one, two in itertools.combinations(runs, 2):
        pair = dict(refreshes=[one['refresh'], two['refresh']],
                    seeds=[one['seed'], two['seed']])  # yapf: disable
        rows = [
            dict(
                **pair,
                epoch=a['epoch'],
                **agreement(a['remembered'], b['remembered']))
            for a, b in zip(one['epochs'], two['epochs'])
        ]
        if one['seed'] == two['seed']:
            between += rows
        elif one['refresh'] == two['refresh']:
            seeds += rows
    return dict(within=within, between=between, seeds=seeds)


class CompareHook(Hook):
    """Keeps both readings after every epoch with CR."""

    def __init__(self):
        self.epochs = []

    def after_train_epoch(self, runner):
        pooling = next(
            h for h in runner.hooks if isinstance(h, FeaturePoolHook))
        epoch = runner.epoch + 1  # counted from 1, as the hook does
        if epoch >= pooling.options['start_epoch']:
            step, = pooling.steps.values()
            remembered, fresh = remembered_and_fresh(step.curvature)
            self.epochs.append(
                dict(epoch=epoch, remembered=remembered, fresh=fresh))


def train(config, options, refresh, seed, folder):
    """One run: log G of the classes after each epoch, and what it cost."""
    name = f'refresh_{refresh}_seed{seed}'
    cfg = load_config(config, options, osp.join(folder, name))
    hook = cfg.custom_hooks[0]
    if hook.type != 'mmcurv.FeaturePoolHook':
        raise SystemExit(f'{config}: expected a FeaturePoolHook as the first '
                         f'of custom_hooks, got {hook.type}.')
    hook.refresh = refresh
    cfg.randomness.seed = seed
    cfg.experiment_name = name
    runner, compare = build_runner(cfg), CompareHook()
    runner.register_hook(compare)
    runner.train()
    pooling = next(h for h in runner.hooks if isinstance(h, FeaturePoolHook))
    step, = pooling.steps.values()
    with open(osp.join(cfg.work_dir, 'run.json'), encoding='utf-8') as file:
        record = json.load(file)
    return dict(
        refresh=refresh,
        seed=seed,
        start_epoch=pooling.options['start_epoch'],
        train_counts=step.curvature.pool.capacity.tolist(),
        overall=record['results']['last']['metrics']['overall'],
        training_seconds=record['cost']['training_seconds'],
        epochs=compare.epochs)


def write_record(path, record, runs):
    """Write the runs with their comparisons, and return these."""
    now = datetime.datetime.now(datetime.timezone.utc)
    found = compare_runs(runs)
    made = now.isoformat(timespec='seconds')
    write_json(path, dict(record, created=made, runs=runs, **found))
    return found


def kept_runs(path, record):
    """Runs of an earlier start with the same config, code and packages."""
    if not osp.exists(path):
        return []
    with open(path, encoding='utf-8') as file:
        kept = json.load(file)
    other = [name for name in record if kept.get(name) != record[name]]
    if other:
        raise SystemExit(f'--resume: {path} was made with another '
                         f'{", ".join(other)}. Give another --out, or start '
                         'anew without --resume.')
    return kept['runs']


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--config', default=CONFIG)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--refreshes', nargs='+', choices=REFRESHES, default=REFRESHES)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default={},
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='change entries of the config')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='do not train again the runs that --out has')
    parser.add_argument('--work-dir', default='work_dirs/refresh_agreement')
    parser.add_argument(
        '--out', default=osp.join(HERE, 'refresh', 'agreement.json'))
    args = parser.parse_args(arguments)
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        command='python benchmarks/refresh_agreement.py',
        config=osp.relpath(args.config, osp.dirname(HERE)),
        options=args.cfg_options,
        code=code_version(),
        packages=package_versions(),
        machine=machine())
    runs = kept_runs(args.out, record) if args.resume else []
    for refresh, seed in itertools.product(args.refreshes, args.seeds):
        if any((r['refresh'], r['seed']) == (refresh, seed) for r in runs):
            continue
        runs.append(
            train(args.config, args.cfg_options, refresh, seed, args.work_dir))
        # After each run: what a stop leaves is a whole record of fewer.
        write_record(args.out, record, runs)
    found = write_record(args.out, record, runs)
    for refresh in args.refreshes:
        rows = [row for row in found['within'] if row['refresh'] == refresh]
        print(f"{refresh}: remembered against fresh, {len(rows)} epochs: "
              f"Pearson {fmean(row['pearson'] for row in rows):.4f}, largest "
              f"difference {max(row['largest'] for row in rows):.4f}")
    print(f'Written to {args.out}')


if __name__ == '__main__':
    main()
