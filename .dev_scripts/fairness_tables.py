# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of docs/cr_study.md, made of what ``fairness_study.py`` kept."""
import glob
import json
import os.path as osp
from functools import lru_cache
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pandas as pd
from scipy import stats

from mmcurv.benchmark.collect import code_text, paired
from mmcurv.benchmark.tables import Table, with_interval
from mmcurv.fairness import holm, pearson
from mmcurv.numbers import fixed, percent

SCHEMA = 'mmcurv.fairness_study'
PATTERN = '*.json'
# Seeds from 100 on chose settings, and are in no reported number.
CHOSEN_ON = 100
FEWEST = 8  # seeds of a reported cell
LEVEL = 0.05
FIXED = 0.25  # strength of a shift that no data chose
MANY = 20  # classes that a correlation over classes can be shown of
METRICS = ('overall', 'variance', 'worst_tenth')
COLUMNS = ('Overall, points', 'Variance of class accuracy',
           'Worst tenth, points')
TITLES = {
    'fashion_lt': 'Bundled Fashion-MNIST, imbalance 100',
    'fashion_balanced': 'Fashion-MNIST, 250 images of each class',
    'cifar_balanced': 'CIFAR-100, 40 classes, 60 images of each',
    'cifar_lt': 'CIFAR-100, 40 classes, imbalance 10',
}
ARMS = {
    'cr': 'CR as printed',
    'cr_early': 'CR as printed, from a quarter on',
    'curvature_0.03': 'Algorithm 3, gradient 0.03',
    'curvature_0.03_early': 'Algorithm 3, gradient 0.03, from a quarter on',
    'curvature_0.3': 'Algorithm 3, gradient 0.3',
    'random_0.3': 'random direction, gradient 0.3',
    'spread_0.03': 'local spread, gradient 0.03',
    'spread_0.03_early': 'local spread, gradient 0.03, from a quarter on',
    'spread_0.3': 'local spread, gradient 0.3',
    'margin_0.125': 'margin, 0.125',
    'margin_0.25': 'margin, 0.25',
    'margin_0.5': 'margin, 0.5',
    'margin_curvature_0.5': 'margin from Algorithm 3, 0.5',
    'permuted_0.5': 'margin dealt to wrong classes, 0.5',
    'decay': 'weight decay × 4',
    'decay_16': 'weight decay × 16',
    'decay_16_margin_0.25': 'weight decay × 16, margin 0.25',
    'adjust_1': 'logit adjustment 1',
    'adjust_1.5': 'logit adjustment 1.5',
    'adjust_1_margin_0.5': 'logit adjustment 1, margin 0.5',
}
PAIRS = (('margin_0.5', 'permuted_0.5'), ('margin_0.5', 'margin_0.25'),
         ('curvature_0.3', 'random_0.3'), ('decay_16_margin_0.25', 'decay_16'),
         ('adjust_1.5', 'adjust_1'), ('adjust_1_margin_0.5', 'adjust_1'),
         ('adjust_1_margin_0.5', 'adjust_1.5'))
SHIFTS = {
    'relative_spread': 'shift by relative spread',
    'loss': 'shift by mean loss',
    'permuted': 'shift dealt to wrong classes',
    'logit_adjustment': 'logit adjustment',
    'tau_normalization': 'tau-normalization',
    'scaling_for_mean': 'scaling for the class mean',
    'scaling_for_worst': 'scaling for the worst class',
}
# What fails, and what helps in training and after it; on the long tail both
# do the same, and one is enough.
HEADLINE = {
    'cifar_balanced': ('cr', 'decay_16_margin_0.25', 'relative_spread'),
    'fashion_balanced': ('cr', 'decay_16_margin_0.25', 'relative_spread'),
    'fashion_lt': ('cr_early', 'logit_adjustment'),
}
GEOMETRY = ('ce', 'cr', 'curvature_0.3', 'spread_0.3', 'margin_0.5')


def fairness_tables(path: str) -> List[Table]:
    """Tables of a set: branches, shifts after training, and geometry.

    Args:
        path (str): Of its record. Holm's correction is over the tests of all
            records beside it.

    Returns:
        list[Table]: Those of the three that have a row.
    """
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    rows = comparisons(osp.dirname(path))
    rows = rows[rows.set == record['set']]
    found = [
        _branch_table(record, rows[rows.kind == 'branch']),
        _shift_table(record, rows[rows.kind == 'shift']),
        _geometry_table(record)
    ]
    return [table for table in found if len(table.frame)]


@lru_cache(maxsize=4)
def comparisons(folder: str) -> pd.DataFrame:
    """Every reported change, with its test.

    Args:
        folder (str): Of the records.

    Returns:
        DataFrame: ``set``, ``kind`` ('branch' or 'shift'), ``arm``,
        ``against``, ``metric``, ``difference``, ``low``, ``high``, ``n``,
        ``p`` of the paired t-test and ``p_holm`` over all rows.
    """
    rows = []
    for path in sorted(glob.glob(osp.join(folder, PATTERN))):
        with open(path, encoding='utf-8') as file:
            record = json.load(file)
        arms = reported(record)
        pairs = [(arm, 'ce') for arm in ARMS if arm in arms]
        pairs += [pair for pair in PAIRS if set(pair) <= set(arms)]
        for arm, against in pairs:
            seeds = sorted(set(arms[arm]) & set(arms[against]))
            for metric in METRICS:
                before, after = ([arms[one][seed][metric] for seed in seeds]
                                 for one in (against, arm))
                rows.append(
                    dict(
                        paired(before, after),
                        set=record['set'],
                        kind='branch',
                        arm=arm,
                        against=against,
                        metric=metric))
        for key, own in _shifts(arms.get('ce', {})).items():
            changes = {
                metric: [row[f'{metric}_change'] for row in own]
                for metric in METRICS
            }
            # With as many images of each class, logit adjustment is none.
            if key[0] not in SHIFTS or not any(map(any, changes.values())):
                continue
            for metric, change in changes.items():
                rows.append(
                    dict(
                        paired(np.zeros(len(change)), change),
                        set=record['set'],
                        kind='shift',
                        arm=key,
                        against='ce',
                        metric=metric))
    frame = pd.DataFrame(rows)
    frame['p_holm'] = holm(frame.p)
    return frame


def reported(record: Dict[str, Any]) -> Dict[str, Dict[int, Dict]]:
    """Runs by arm and seed, of arms with enough seeds that chose nothing."""
    arms: Dict[str, Dict[int, Dict]] = {}
    for run in record['runs']:
        if run['seed'] < CHOSEN_ON:
            arms.setdefault(run['arm'], {})[run['seed']] = run
    return {arm: runs for arm, runs in arms.items() if len(runs) >= FEWEST}


def _shifts(runs: Dict[int, Dict]) -> Dict[Tuple, List[Dict]]:
    """Rows of all seeds by (method, 'chosen' or its fixed strength)."""
    found: Dict[Tuple, List[Dict]] = {}
    for run in runs.values():
        for row in run.get('shifts', ()):
            how = row['how'] if row['how'] == 'chosen' else row['strength']
            if how not in ('chosen', FIXED) or (how == FIXED
                                                and row['method'] == 'loss'):
                continue
            found.setdefault((row['method'], how), []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) >= FEWEST}


def headline(folder: str) -> Table:
    """What fails, what helps, and what it costs, on every set.

    Args:
        folder (str): Of the records.

    Returns:
        Table: Of each set that has them, CR, what helps in training, and
        what helps after it.
    """
    every = comparisons(folder)
    own = every[every.against == 'ce']
    lines = []
    for name, settings in HEADLINE.items():
        for arm in settings:
            key = arm if arm in ARMS else (arm, 'chosen')
            rows = own[(own.set == name)
                       & np.array([one == key for one in own.arm], bool)]
            if not len(rows):
                continue
            base = _mean(reported(_read(folder, name))['ce'], 'variance')
            words = ARMS.get(arm) or f'{SHIFTS[arm]}, after training'
            cells = [
                _change(rows, 'variance', 100 / base, fixed(0), ' %'),
                _change(rows, 'worst_tenth', 100, fixed(1)),
                _change(rows, 'overall', 100, fixed(1))
            ]
            lines.append([TITLES[name], words, *cells])
    seeds = ' or '.join(str(n) for n in sorted(set(every.n)))
    return Table(
        'Main numbers',
        pd.DataFrame(
            lines,
            columns=[
                'Images', 'Against cross-entropy',
                'Variance of class accuracy', 'Worst tenth, points',
                'Overall, points'
            ]), 'llrrr',
        f'Mean ± half of the 95 % interval over {seeds} seeds, paired; '
        f'* p < {LEVEL:g} after Holm’s correction for all {every.p.count()} '
        'tests of the study.')


def _change(rows: pd.DataFrame,
            metric: str,
            unit: float,
            show: Callable,
            end: str = '') -> str:
    """'+1.2 ± 0.5', with a star where it is clear after Holm."""
    row = rows[rows.metric == metric].iloc[0]
    text = with_interval(
        *(unit * row[key] for key in ('difference', 'low', 'high')), lambda v:
        ('+' if v > 0 else '') + show(v))
    return text + end + (' *' if row.p_holm < LEVEL else '')


def _read(folder: str, name: str) -> Dict[str, Any]:
    path = osp.join(folder, PATTERN.replace('*', name))
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def _cells(rows: pd.DataFrame, base: float) -> List[str]:
    change = rows[rows.metric == 'variance'].iloc[0].difference / base
    share = f' ({change:+.0%})'.replace('-', '−').replace('%', ' %')
    return [
        _change(rows, 'overall', 100, fixed(2)),
        _change(rows, 'variance', 1, fixed(4), share),
        _change(rows, 'worst_tenth', 100, fixed(2))
    ]


def _branch_table(record: Dict[str, Any], rows: pd.DataFrame) -> Table:
    arms = reported(record)
    lines = []
    if 'ce' in arms:
        means = {m: _mean(arms['ce'], m) for m in METRICS}
        lines.append([
            'cross-entropy itself',
            fixed(2)(100 * means['overall']),
            fixed(4)(means['variance']),
            fixed(2)(100 * means['worst_tenth']),
            percent(_mean(arms['ce'], 'train_accuracy'))
        ])
    for (arm, against), own in rows.groupby(['arm', 'against'], sort=False):
        name = ARMS[arm]
        if against != 'ce':
            name += f', against {ARMS[against]}'
        lines.append([
            name, *_cells(own, _mean(arms[against], 'variance')),
            percent(_mean(arms[arm], 'train_accuracy'))
        ])
    frame = pd.DataFrame(
        lines, columns=['Setting', *COLUMNS, 'Training accuracy'])
    sizes = sorted({len(runs) for runs in arms.values()})
    codes = dict.fromkeys(
        code_text(run) for runs in arms.values() for run in runs.values())
    return Table(
        TITLES[record['set']], frame, 'lrrrr',
        'Change against cross-entropy where nothing else is said, mean ± half '
        f'of the 95 % interval over {" to ".join(map(str, sizes))} seeds, '
        f'paired. {", ".join(codes)}.')


def _shift_table(record: Dict[str, Any], rows: pd.DataFrame) -> Table:
    arms, lines = reported(record), []
    for (key, against), own in rows.groupby(['arm', 'against'], sort=False):
        method, how = key
        strengths = [row['strength'] for row in _shifts(arms[against])[key]]
        lines.append([
            SHIFTS[method], 'chosen, mean ' +
            fixed(2)(np.mean(strengths)) if how == 'chosen' else f'{how:g}',
            *_cells(own, _mean(arms[against], 'variance'))
        ])
    return Table(
        f'{TITLES[record["set"]]}: the scores of cross-entropy, shifted',
        pd.DataFrame(
            lines, columns=['Added to the scores', 'Strength', *COLUMNS]),
        'llrrr')


def _geometry_table(record: Dict[str, Any]) -> Table:
    """Tables 6 and 7 of the paper: curvature over classes, and what it and
    other measures have to do with class accuracy."""
    arms, lines = reported(record), []
    for arm in GEOMETRY:
        if arm not in arms or len(record['settings']['counts']) < MANY:
            continue
        columns: Dict[str, List[float]] = {}
        for run in arms[arm].values():
            if 'log_curvature' not in run:
                continue
            accuracy = run['class_accuracy']
            known = np.array(run['log_curvature'], float)
            columns.setdefault('var', []).append(
                float(np.nanvar(known[np.isfinite(known)])))
            for key in ('log_curvature', 'relative_spread', 'purity'):
                columns.setdefault(key, []).append(
                    pearson(run[key], accuracy).value)
        lines.append([ARMS.get(arm, 'cross-entropy')] +
                     [_with_t(values) for values in columns.values()])
    return Table(
        f'{TITLES[record["set"]]}: variance over classes of the log of '
        'curvature, and correlations with class accuracy',
        pd.DataFrame(
            lines,
            columns=[
                'Setting', 'Variance of log curvature', 'Curvature',
                'Relative spread', 'Purity'
            ]), 'lrrrr')


def _mean(runs: Dict[int, Dict], key: str) -> float:
    return float(np.mean([run[key] for run in runs.values()]))


def _with_t(values: List[float]) -> str:
    """'0.52 ± 0.10', with Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    middle = float(np.mean(values))
    return with_interval(middle, middle - half, middle + half, fixed(2))
