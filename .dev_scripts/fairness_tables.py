# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of docs/cr_study.md, made of what ``fairness_study.py`` kept."""
import glob
import json
import os.path as osp
from functools import lru_cache
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd
from scipy import stats

from mmcurv.benchmark.collect import code_text, paired
from mmcurv.benchmark.tables import Table, with_interval
from mmcurv.fairness import holm, pearson
from mmcurv.numbers import fixed, percent

# Seeds from 100 on chose settings, and are in no reported number.
CHOSEN_ON = 100
FEWEST = 8  # seeds of a reported cell
LEVEL = 0.05
METRICS = ('overall', 'variance', 'worst_tenth')
SETS = {
    'cifar_balanced': 'CIFAR-100',
    'fashion_balanced': 'Fashion-MNIST',
    'cifar_lt': 'CIFAR-100-LT',
    'fashion_lt': 'bundled images',
}
TABLES = {
    'balanced': ('cifar_balanced', 'fashion_balanced'),
    'long_tails': ('cifar_lt', 'fashion_lt'),
}
CHOSEN = 'chosen'


class Row(NamedTuple):
    """One comparison: runs of an arm against those of another, or the scores
    of cross-entropy with and without a shift."""
    words: str
    arm: str = ''
    against: str = 'ce'
    shift: Tuple = ()  # method, and its strength or CHOSEN


ROWS = {
    'Terms in the loss': [
        Row('CR as printed', 'cr'),
        Row('CR, neighbours sampled', 'cr_neighbors'),
        Row('Algorithm 3, 0.03, from a quarter on', 'curvature_0.03_early'),
        Row('local spread, 0.03, from a quarter on', 'spread_0.03_early'),
        Row('tangent variation, 0.03, from a quarter on',
            'tangent_0.03_early'),
        Row('Algorithm 3, 0.3', 'curvature_0.3'),
        Row('Algorithm 3, 1', 'curvature_1'),
        Row('random direction, 0.3', 'random_0.3'),
        Row('local spread, 0.3', 'spread_0.3'),
        Row('center loss, 0.3', 'center_0.3'),
        Row('weight decay × 16', 'decay_16'),
    ],
    'Margins while training': [
        Row('relative spread, 0.25', 'margin_0.25'),
        Row('relative spread, 0.5', 'margin_0.5'),
        Row('purity, 0.5', 'margin_purity_0.5'),
        Row('Algorithm 3, 0.5', 'margin_curvature_0.5'),
        Row('relative spread of wrong classes, 0.5', 'permuted_0.5'),
        Row('Algorithm 3 of wrong classes, 0.5', 'permuted_curvature_0.5'),
        Row('weight decay × 16, relative spread, 0.25',
            'decay_16_margin_0.25'),
        Row('relative spread, 0.5, and local spread, 0.3',
            'spread_0.3_margin_0.5'),
        Row('logit adjustment 1', 'adjust_1'),
        Row('logit adjustment 1.5', 'adjust_1.5'),
        Row('logit adjustment 1, relative spread, 0.5', 'adjust_1_margin_0.5'),
        Row('logit adjustment 1, purity, 0.5', 'adjust_1_purity_0.5'),
    ],
    'One setting against another': [
        Row('Algorithm 3, 0.3, against random direction', 'curvature_0.3',
            'random_0.3'),
        Row('margin by relative spread 0.5 against wrong classes',
            'margin_0.5', 'permuted_0.5'),
        Row('margin by relative spread 0.5 against Algorithm 3', 'margin_0.5',
            'margin_curvature_0.5'),
        Row('margin by Algorithm 3 against wrong classes',
            'margin_curvature_0.5', 'permuted_curvature_0.5'),
        Row('weight decay × 16: margin 0.25 against none',
            'decay_16_margin_0.25', 'decay_16'),
        Row('logit adjustment 1.5 against 1', 'adjust_1.5', 'adjust_1'),
        Row('logit adjustment 1: margin 0.5 against none',
            'adjust_1_margin_0.5', 'adjust_1'),
        Row('the same against logit adjustment 1.5', 'adjust_1_margin_0.5',
            'adjust_1.5'),
    ],
    'Shifts of the scores after training': [
        Row('relative spread, chosen', shift=('relative_spread', CHOSEN)),
        Row('mean loss, chosen', shift=('loss', CHOSEN)),
        Row('purity, chosen', shift=('purity', CHOSEN)),
        Row('Algorithm 3, chosen', shift=('curvature', CHOSEN)),
        Row('scaling for the worst class, chosen',
            shift=('scaling_for_worst', CHOSEN)),
        Row('scaling for the class mean, chosen',
            shift=('scaling_for_mean', CHOSEN)),
        Row('τ-normalization, chosen', shift=('tau_normalization', CHOSEN)),
        Row('logit adjustment, chosen', shift=('logit_adjustment', CHOSEN)),
        Row('relative spread, 0.25', shift=('relative_spread', 0.25)),
        Row('purity, 0.25', shift=('purity', 0.25)),
        Row('Algorithm 3, 0.25', shift=('curvature', 0.25)),
        Row('relative spread of wrong classes, 0.25',
            shift=('permuted', 0.25)),
    ],
}  # yapf: disable
COLUMNS = ('Overall, points', 'Variance', 'Worst tenth, points')
# What fails, and what helps in training and after it.
BALANCED = ('cr', 'margin_0.25', ('relative_spread', CHOSEN))
LONG_TAIL = (('logit_adjustment', CHOSEN), )
HEADLINE = {
    'cifar_balanced': BALANCED,
    'fashion_balanced': BALANCED,
    'cifar_lt': LONG_TAIL,
    'fashion_lt': LONG_TAIL,
}
HEADLINE_WORDS = {
    'cr': 'CR as printed',
    'margin_0.25': 'margin by relative spread, 0.25',
    ('relative_spread', CHOSEN): 'shift by relative spread, after training',
    ('logit_adjustment', CHOSEN): 'logit adjustment, after training',
}
TITLES = {
    'cifar_balanced': 'CIFAR-100, 40 classes, 60 images of each',
    'fashion_balanced': 'Fashion-MNIST, 250 images of each class',
    'cifar_lt': 'CIFAR-100, 40 classes, imbalance 10',
    'fashion_lt': 'bundled Fashion-MNIST, imbalance 100',
}
GEOMETRY = {
    'ce': 'cross-entropy',
    'cr': 'CR as printed',
    'cr_neighbors': 'CR, neighbours sampled',
    'curvature_0.3': 'Algorithm 3, 0.3',
    'spread_0.3': 'local spread, 0.3',
    'margin_0.5': 'margin by relative spread, 0.5',
}
MANY = 20  # classes that a correlation over classes can be shown of


def fairness_table(name: str, folder: str) -> Table:
    """A table of the study.

    Args:
        name (str): 'main', 'balanced', 'long_tails' or 'geometry'.
        folder (str): Of the records.

    Returns:
        Table: All numbers in it are means over seeds.
    """
    if name == 'main':
        return _main_table(folder)
    if name == 'geometry':
        return _geometry_table(folder)
    return _change_table(folder, TABLES[name])


@lru_cache(maxsize=4)
def comparisons(folder: str) -> pd.DataFrame:
    """Every reported change, with its test.

    Args:
        folder (str): Of the records.

    Returns:
        DataFrame: ``set``, ``section`` and ``words`` of its row, ``key`` (the
        arm, or method and strength of a shift), ``against``, ``metric``,
        ``base``, the mean of what it is against, ``difference``, ``low``,
        ``high``, ``n``, ``p`` of the paired t-test, and ``p_holm`` over all
        rows of all sets.
    """
    found = []
    for name, record in records(folder).items():
        arms = reported(record)
        for section, own in ROWS.items():
            for row in own:
                before, after = _values(arms, row)
                # With as many images of each class no logit adjustment is.
                if len(before) < FEWEST or np.array_equal(before, after):
                    continue
                base = pd.DataFrame(arms[row.against].values())
                for i, metric in enumerate(METRICS):
                    found.append(
                        dict(
                            paired(before[:, i], after[:, i]),
                            set=name,
                            section=section,
                            words=row.words,
                            key=row.shift or row.arm,
                            against=row.against,
                            metric=metric,
                            base=base[metric].mean()))
    frame = pd.DataFrame(found)
    frame['p_holm'] = holm(frame.p)
    return frame


def _values(arms: Dict, row: Row) -> np.ndarray:
    """Before and after, (2, seeds, metrics)."""
    pairs = []
    base = arms.get(row.against, {})
    if row.shift:
        for run in base.values():
            for one in run.get('shifts', ()):
                strength = CHOSEN if one['how'] == CHOSEN else one['strength']
                if (one['method'], strength) == row.shift:
                    change = [one[f'{metric}_change'] for metric in METRICS]
                    pairs.append([np.zeros(len(METRICS)), change])
    else:
        own = arms.get(row.arm, {})
        pairs = [[[run[metric] for metric in METRICS]
                  for run in (base[seed], own[seed])]
                 for seed in sorted(set(base) & set(own))]
    return np.reshape(pairs, (-1, 2, len(METRICS))).swapaxes(0, 1)


def records(folder: str) -> Dict[str, Dict[str, Any]]:
    """Those of a folder, by set in the order of the tables."""
    found = {}
    for path in glob.glob(osp.join(folder, '*.json')):
        with open(path, encoding='utf-8') as file:
            record = json.load(file)
        found[record['set']] = record
    return {name: found[name] for name in SETS if name in found}


def reported(record: Dict[str, Any]) -> Dict[str, Dict[int, Dict]]:
    """Runs by arm and seed, of arms with enough seeds that chose nothing."""
    arms: Dict[str, Dict[int, Dict]] = {}
    for run in record['runs']:
        if run['seed'] < CHOSEN_ON:
            arms.setdefault(run['arm'], {})[run['seed']] = run
    return {arm: runs for arm, runs in arms.items() if len(runs) >= FEWEST}


def _main_table(folder: str) -> Table:
    """What fails, what helps, and what it costs, on every set."""
    every = comparisons(folder)
    lines = []
    for name, keys in HEADLINE.items():
        for key in keys:
            same = np.array([one == key for one in every.key], bool)
            rows = every[same & (every.set == name) & (every.against == 'ce')]
            if len(rows):
                lines.append(
                    [TITLES[name], HEADLINE_WORDS[key], *_cells(rows)])
    tests = every.p.count()
    return Table(
        'Main numbers',
        pd.DataFrame(
            lines, columns=['Images', 'Against cross-entropy', *COLUMNS]),
        'llrrr', f'Mean ± half of the 95 % interval over {_seeds(every)} '
        f'seeds, paired; * p < {LEVEL:g} after Holm’s correction for all '
        f'{tests} tests of the study.')


def _change_table(folder: str, names: Sequence[str]) -> Table:
    """All changes of some sets, side by side."""
    every = comparisons(folder)
    held = records(folder)
    names = [name for name in names if name in held]
    runs = {name: reported(held[name])['ce'].values() for name in names}
    blank = [''] * len(COLUMNS)
    lines = [['cross-entropy itself'], ['its training accuracy']]
    for name in names:
        frame = pd.DataFrame(runs[name])
        lines[0] += [
            fixed(1)(100 * frame.overall.mean()),
            fixed(4)(frame.variance.mean()),
            fixed(1)(100 * frame.worst_tenth.mean())
        ]
        lines[1] += [percent(frame.train_accuracy.mean()), '', '']
    own = every[every.set.isin(names)]
    for section, rows in ROWS.items():
        if section not in set(own.section):
            continue
        lines.append([f'{section}:', *blank * len(names)])
        for row in rows:
            here = own[(own.section == section) & (own.words == row.words)]
            if not len(here):
                continue
            line = [f'{row.words} ({_seeds(here)})']
            for name in names:
                part = here[here.set == name]
                line += _cells(part) if len(part) else blank
            lines.append(line)
    columns = [f'{SETS[name]}: {word[0].lower()}{word[1:]}'
               for name in names for word in COLUMNS]  # yapf: disable
    codes = dict.fromkeys(
        code_text(run) for name in names
        for own in reported(held[name]).values() for run in own.values())
    return Table(
        ' and '.join(SETS[name] for name in names),
        pd.DataFrame(lines, columns=['Setting (seeds)',
                                     *columns]), 'l' + 'r' * len(columns),
        f'Mean ± half of the 95 % interval, paired. {", ".join(codes)}.')


def _geometry_table(folder: str) -> Table:
    """Tables 6 and 7 of the paper: curvature over classes, and what it and
    other measures have to do with class accuracy."""
    lines = []
    for name, record in records(folder).items():
        arms = reported(record)
        if len(record['settings']['counts']) < MANY:
            continue
        for arm, words in GEOMETRY.items():
            found = [_geometry(run) for run in arms.get(arm, {}).values()]
            if found:
                lines.append([SETS[name], words] +
                             [_with_t(values) for values in zip(*found)])
    return Table(
        'Curvature over classes, and correlations with class accuracy',
        pd.DataFrame(
            lines,
            columns=[
                'Images', 'Setting', 'Variance of log curvature', 'Curvature',
                'Relative spread', 'Purity'
            ]), 'llrrrr')


def _geometry(run: Dict[str, Any]) -> List[float]:
    known = np.array(run['log_curvature'], float)
    return [float(np.var(known[np.isfinite(known)]))] + [
        pearson(run[key], run['class_accuracy']).value
        for key in ('log_curvature', 'relative_spread', 'purity')
    ]


def _cells(rows: pd.DataFrame) -> List[str]:
    """Of one comparison: overall, variance and worst tenth, with a star
    where it is clear after Holm."""
    cells = []
    for metric, end in zip(METRICS, ('', ' %', '')):
        row = rows[rows.metric == metric].iloc[0]
        unit = 100 / row.base if metric == 'variance' else 100
        text = with_interval(
            *(unit * row[key] for key in ('difference', 'low', 'high')),
            lambda v: ('+' if v > 0 else '') + fixed(0 if end else 1)(v))
        cells.append(text + end + (' *' if row.p_holm < LEVEL else ''))
    return cells


def _seeds(rows: pd.DataFrame) -> str:
    return ' or '.join(str(n) for n in sorted(set(rows.n)))


def _with_t(values: Sequence[float]) -> str:
    """'0.52 ± 0.10', with Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    middle = float(np.mean(values))
    return with_interval(middle, middle - half, middle + half, fixed(2))
