# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of docs/cr_study.md, made of what ``fairness_study.py`` kept."""
import glob
import json
import os.path as osp
from functools import lru_cache
from typing import Any, Dict, List, Tuple

import numpy as np
import pandas as pd
from scipy import stats

from mmcurv.benchmark.collect import code_text, paired
from mmcurv.benchmark.tables import Table, with_interval
from mmcurv.fairness import holm, pearson
from mmcurv.numbers import ABSENT, fixed, percent

SCHEMA = 'mmcurv.fairness_study'
PATTERN = 'fairness_study_*.json'
# Seeds from 100 on chose settings, and are in no reported number.
CHOSEN_ON = 100
FEWEST = 8  # seeds of a reported cell
LEVEL = 0.05
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
    'permuted': 'shift dealt to wrong classes',
    'logit_adjustment': 'logit adjustment',
    'tau_normalization': 'tau-normalization',
    'scaling_for_mean': 'scaling for the class mean',
    'scaling_for_worst': 'scaling for the worst class',
}
# Rows of the main numbers: words, kind, arm and metric.
HEADLINE = (
    ('What fails: CR as printed, variance of class accuracy', 'branch', 'cr',
     'variance'),
    ('What helps in training: margin 0.25, variance of class accuracy',
     'branch', 'margin_0.25', 'variance'),
    ('its worst tenth of the classes, points', 'branch', 'margin_0.25',
     'worst_tenth'),
    ('What it costs: overall accuracy, points', 'branch', 'margin_0.25',
     'overall'),
    ('What helps after training: shift, variance of class accuracy', 'shift',
     ('relative_spread', 'chosen'), 'variance'),
    ('What it costs: overall accuracy, points', 'shift',
     ('relative_spread', 'chosen'), 'overall'),
)
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
            for metric in METRICS:
                change = [row[f'{metric}_change'] for row in own]
                if key[0] in SHIFTS and any(change):
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
            found.setdefault((row['method'], how), []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) >= FEWEST}


def headline(folder: str) -> Table:
    """What fails, what helps, and what it costs, on every set.

    Args:
        folder (str): Of the records.

    Returns:
        Table: A column for each set that has the first row.
    """
    rows = comparisons(folder)
    rows = rows[rows.against == 'ce']
    sets = [one for one in TITLES if one in set(rows.set)]
    bases = {
        one: _mean(reported(_read(folder, one))['ce'], 'variance')
        for one in sets
    }
    lines = []
    for words, kind, arm, metric in HEADLINE:
        line = [words]
        for one in sets:
            same = np.array([found == arm for found in rows.arm])
            own = rows[(rows.set == one) & (rows.kind == kind)
                       & (rows.metric == metric) & same]
            line.append(_main_number(own, metric, bases[one]))
        lines.append(line)
    seeds = int(rows.n.min())
    return Table(
        'Main numbers',
        pd.DataFrame(lines, columns=['', *(TITLES[one] for one in sets)]),
        'l' + 'r' * len(sets),
        'Change against cross-entropy, mean ± half of the 95 % interval over '
        f'at least {seeds} seeds, paired; * p < {LEVEL:g} after Holm’s '
        f'correction for all {len(comparisons(folder).p.dropna())} tests of '
        'the study.')


def _main_number(own: pd.DataFrame, metric: str, base: float) -> str:
    if not len(own):
        return ABSENT
    row, unit, show = own.iloc[0], 100, fixed(2)
    if metric == 'variance':
        unit, show = 100 / base, fixed(0)
    text = with_interval(
        *(unit * row[key] for key in ('difference', 'low', 'high')), lambda v:
        ('+' if v > 0 else '') + show(v))
    return (text + ' %' * (metric == 'variance') +
            ' *' * bool(row.p_holm < LEVEL))


def _read(folder: str, name: str) -> Dict[str, Any]:
    path = osp.join(folder, PATTERN.replace('*', name))
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def _cells(rows: pd.DataFrame, base: float) -> List[str]:
    """Change of each metric, a star where it is clear after Holm."""
    cells = []
    for metric in METRICS:
        row = rows[rows.metric == metric].iloc[0]
        scale, show = (1, fixed(4)) if metric == 'variance' else (100,
                                                                  fixed(2))
        text = with_interval(
            *(scale * row[key] for key in ('difference', 'low', 'high')),
            lambda v: ('+' if v > 0 else '') + show(v))
        if metric == 'variance':
            text += f' ({row.difference / base:+.0%})'.replace('-',
                                                               '−').replace(
                                                                   '%', ' %')
        cells.append(text + (' *' if row.p_holm < LEVEL else ''))
    return cells


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
        if arm not in arms:
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
