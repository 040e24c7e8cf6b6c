# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From the records of runs to means over seeds, differences and tests.

A collection is the runs of a matrix with their records, as one file. What
tables, pages and figures show of it is its :class:`Summary`: a table of runs,
and made of it the means over seeds, the paired differences, the paper's
numbers beside ours, and what a reader should be warned of.
"""
import json
import os.path as osp
import re
import shlex
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd
from scipy import stats

from mmcurv.fairness import holm
from mmcurv.files import read_record, write_text
from mmcurv.numbers import (ACCURACIES, COST, GEOMETRY, NUMBERS, clean,
                            is_known, listing, plural)
from .configs import spec_hash
from .matrix import Matrix, RunSpec
from .paper import beside_ours, data_label
from .run_folder import (RECORD, STATES, check_run_record, kept_part,
                         read_run_record, run_state)

SCHEMA, SCHEMA_VERSION = 'mmcurv.collection', 2
FOLDER = r'(?!\.)[^/\\:\x00-\x1f]+'  # it must not lead anywhere else
SPEC_KEYS = ('method', 'cr', 'dataset', 'imbalance_factor', 'model', 'variant',
             'tau', 'seed', 'config', 'options', 'with_files', 'cr_switch')
RUN_KEYS = (*SPEC_KEYS, 'config_hash', 'name', 'state', 'reason', 'record')
# What repetitions with other seeds share, and what goes with it.
CELL = ['method', 'cr', 'data', 'model', 'variant']
ABOUT = ['dataset', 'imbalance_factor', 'tau']
METRICS = ACCURACIES + GEOMETRY + COST
CONFIDENCE, LEVEL, FEW_SEEDS = 0.95, 0.05, 3
BETTER, WORSE = 'clearly better', 'clearly worse'
HIGHER, LOWER = 'clearly higher', 'clearly lower'
UNCORRECTED, UNCLEAR = 'only before correction', 'not clear'
NO_TEST, UNKNOWN = 'no test', 'not known'
OUTCOMES = (BETTER, WORSE, HIGHER, LOWER, UNCORRECTED, UNCLEAR, NO_TEST,
            UNKNOWN)


class Summary(NamedTuple):
    """What the runs of a collection say together; nan stands for absent."""
    matrix: Dict[str, Any]  # with command and created of the collection
    runs: pd.DataFrame  # of run_table()
    means: pd.DataFrame  # of means()
    differences: pd.DataFrame  # of differences()
    paper: pd.DataFrame  # of mmcurv.benchmark.paper.beside_ours()
    warnings: List[Dict[str, Any]]  # message, loud, runs: names of those meant


def collect(matrix: Matrix, command: str = '') -> Dict[str, Any]:
    """Read what the runs of a matrix left in their folders.

    A run that is not done carries how it stands and why. ``config_hash`` of a
    run is the hash of its config with switches and options: that of its
    record, too, unless the file was kept from before the config was written
    otherwise with the same meaning.

    Args:
        matrix (Matrix): Which runs, and where they lie.
        command (str): Command line that the collection comes from. Defaults
            to ''.

    Returns:
        dict: The collection. None stands for nan in it, as in JSON.
    """
    about = matrix._asdict()
    del about['runs']
    return dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
        command=command,
        matrix=about,
        runs=[_entry(spec) for spec in matrix.runs])


def _entry(spec: RunSpec) -> Dict[str, Any]:
    state = run_state(spec)
    kind, reason, record = state.kind, state.reason, None
    if kind == 'done':
        try:
            path = osp.join(spec.folder, RECORD)
            record = kept_part(read_run_record(path))
        except ValueError as error:
            kind, reason = 'unreadable', str(error)
    elif reason is None and state.epoch is not None:
        reason = f'epoch {state.epoch} of {state.epochs or "?"}'
    return dict({key: getattr(spec, key)
                 for key in SPEC_KEYS},
                config_hash=spec_hash(spec) if spec.config else None,
                name=spec.name,
                state=kind,
                reason=reason,
                record=record)


def write_collection(path: str, collection: Dict[str, Any]) -> None:
    """Write a collection with one line for each run, which diffs show well."""
    head = {key: value for key, value in collection.items() if key != 'runs'}
    lines = [json.dumps(run, allow_nan=False) for run in collection['runs']]
    text = json.dumps(head, indent=1, allow_nan=False)[:-2]
    write_text(path,
               text + ',\n "runs": [\n' + ',\n'.join(lines) + '\n ]\n}\n')


def read_collection(path: str) -> Dict[str, Any]:
    """Read a collection that was kept, and check that it is one, and whole.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no collection, one of another version, or not
            whole.
    """
    remedy = 'Give a collection.json of "tools/benchmark.py collect".'
    collection = read_record(path, SCHEMA, SCHEMA_VERSION,
                             ('created', 'command', 'matrix.name',
                              'matrix.title', 'matrix.file', 'runs'), remedy)
    missing = [
        f'{key} of run {i}' for i, run in enumerate(collection['runs'])
        for key in RUN_KEYS if key not in run
    ]
    if missing:
        raise ValueError(f'{path}: expected {", ".join(missing[:5])} in the '
                         f'collection, found none. {remedy}')
    name = collection['matrix']['name']
    if not isinstance(name, str) or not re.fullmatch(FOLDER, name):
        raise ValueError(f'{path}: matrix.name: expected a name that can be '
                         f'that of a folder, got {clean(name, 40)!r}. '
                         f'{remedy}')
    for run in collection['runs']:
        if run['state'] == 'done':
            check_run_record(run['record'], f'{path}: {run["name"]}')
    return collection


def summarize(collection: Dict[str, Any]) -> Summary:
    """Means over seeds, paired differences, and what the paper prints.

    Raises:
        ValueError: If runs of a cell or a pair are unlike, or the matrix
            names a table that the paper does not have.
    """
    matrix = dict(
        collection['matrix'],
        command=collection.get('command', ''),
        created=collection.get('created', ''))
    runs = run_table(collection['runs'])
    check_alike(runs)
    found, changes = means(runs), differences(runs)
    paper = beside_ours(matrix, _cells(runs, found, changes))
    return Summary(matrix, runs, found, changes, paper, find_warnings(runs))


def _cells(runs: pd.DataFrame, means: pd.DataFrame,
           differences: pd.DataFrame) -> List[SimpleNamespace]:
    """Cells without variant as the paper's numbers are compared with."""
    numbers: Dict[tuple, dict] = {}
    gains: Dict[tuple, dict] = {}
    for row in means[means.evaluation == 'main'].itertuples():
        numbers.setdefault(cell_key(row), {})[row.metric] = dict(
            mean=row.mean, low=row.low, high=row.high, n=row.n)
    for row in differences.itertuples():
        gains.setdefault(cell_key(row), {})[row.metric] = dict(
            mean=row.difference, low=row.low, high=row.high, n=row.n)
    found: Dict[tuple, SimpleNamespace] = {}
    for cell, own in runs[runs.variant == ''].groupby(CELL, sort=False):
        first, factor = own.iloc[0], own.iloc[0].imbalance_factor
        found[cell] = SimpleNamespace(
            method=first.method,
            cr=bool(first.cr),
            dataset=first.dataset,
            imbalance_factor=factor if is_known(factor) else None,
            model=first.model,
            state=STATES[cell_state(own)].words,
            records=list(own.record[own.state == 'done']),
            numbers=numbers[cell],
            gains=gains.get(cell, {}),
            plain=None)
    for (method, cr, data, model, _), one in found.items():
        one.plain = found.get((method, False, data, model, '')) if cr else None
    return list(found.values())


def cell_key(row: Any) -> tuple:
    """Which cell a row of a table is of."""
    return tuple(getattr(row, key) for key in CELL)


def run_table(runs: Sequence[Dict[str, Any]]) -> pd.DataFrame:
    """A row for each run of a collection: what it says of the run, its numbers
    (nan where absent), and as ``data`` data set and imbalance factor in words.

    The accuracies are of the evaluation that its protocol names as the main
    one, and again with 'best_' before their names those of the best; the
    geometry was measured after the last epoch.
    """
    rows = []
    for run in runs:
        row, record = {}, run['record']
        if run['state'] == 'done':
            results = record['results'] or {}
            main, best = ((results.get(which) or {}).get('metrics') or {}
                          for which in (record['protocol']['main'], 'best'))
            row = {
                **(record['geometry'] or {}),
                **record['cost'],
                **main,
                **{
                    f'best_{key}': value
                    for key, value in best.items()
                }
            }
        row.update({key: run[key] for key in RUN_KEYS})
        row['data'] = data_label(run['dataset'], run['imbalance_factor'])
        rows.append(row)
    numbers = [*METRICS, *(f'best_{key}' for key in ACCURACIES)]
    table = pd.DataFrame(rows, columns=[*RUN_KEYS, 'data', *numbers])
    return table.astype({key: float
                         for key in numbers} | dict(cr=bool, seed=int))


def cell_state(runs: pd.DataFrame) -> str:
    """How a cell stands: as the one of its runs of which is told first."""
    return next(state for state in STATES if (runs.state == state).any())


# What runs of one cell share, and those that are compared the first two of.
ALIKE: Dict[str, Callable] = {
    'the fingerprint of the train split':
    lambda record: (record['split'] or {}).get('fingerprint'),
    'the protocol':
    lambda record: record['protocol'],
    'the hash of the config':
    lambda record: record['config']['hash'],
    'the schema version of the record':
    lambda record: record['schema_version']
}


def check_alike(runs: pd.DataFrame) -> None:
    """Refuse to average or to subtract unlike things.

    Raises:
        ValueError: If two finished runs of a cell, or of a cell with CR and
            the one without, are unlike; with their names and both values.
    """
    first: Dict[tuple, Any] = {}
    for run in runs[runs.state == 'done'].itertuples():
        _compare(
            first.setdefault(cell_key(run), run), run, 'averaged', list(ALIKE))
    for (method, cr, data, model, _), run in first.items():
        plain = first.get((method, False, data, model, ''))
        if cr and plain:
            _compare(plain, run, 'compared', list(ALIKE)[:2])


def _compare(first, second, verb: str, shared: Sequence[str]) -> None:
    for words in shared:
        a, b = (ALIKE[words](run.record) for run in (first, second))
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
            a, b = ({key: each.get(key) for key in keys} for each in (a, b))
        raise ValueError(
            f'{first.name!r} and {second.name!r} cannot be {verb}: {words} is '
            f'{a} in the first and {b} in the second. Train one of them again '
            f'like the other, or leave it out with {_without(second)}.')


def _without(run: Any) -> str:
    """The option of "collect" that leaves one run out."""
    factor = run.imbalance_factor
    wanted = dict(
        method=run.method,
        cr=str(run.cr).lower(),
        dataset=run.dataset,
        factor=f'{factor:g}' if is_known(factor) else 'none',
        model=run.model,
        variant=run.variant,
        seed=run.seed)
    return '--without ' + shlex.join(f'{key}={value}'
                                     for key, value in wanted.items())


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of each cell with its 95 % Student interval.

    Returns:
        DataFrame: ``CELL`` and ``ABOUT`` of each cell, ``evaluation`` ('main'
        or 'best'), ``metric``, ``mean``, ``low``, ``high``, ``n`` (seeds that
        entered), ``planned``, ``state`` (of :func:`cell_state`), ``seeds``
        and ``values`` (tuples).
    """
    rows = []
    columns = [('main', key, key) for key in METRICS]
    columns += [('best', key, f'best_{key}') for key in ACCURACIES]
    for cell, own in runs.groupby(CELL, sort=False):
        about = own.iloc[0][ABOUT].to_dict()
        state = cell_state(own)
        for evaluation, metric, column in columns:
            known = own[np.isfinite(own[column])]
            mean, low, high = mean_interval(known[column])
            rows.append(
                dict(
                    zip(CELL, cell),
                    **about,
                    evaluation=evaluation,
                    metric=metric,
                    mean=mean,
                    low=low,
                    high=high,
                    n=len(known),
                    planned=len(own),
                    state=state,
                    seeds=tuple(known.seed),
                    values=tuple(known[column])))
    return pd.DataFrame(rows)


def mean_interval(values: Sequence[float]) -> Tuple[float, float, float]:
    """Mean and both ends of Student's t interval of n finite numbers.

    mean ± t · s / sqrt(n) with the quantile of n − 1 degrees of freedom and
    the sample's s (divided by n − 1). It assumes that the values are normal,
    which so few cannot show. The ends are nan with fewer than two values.
    """
    values = np.asarray(values, float)
    n = values.size
    if n < 2:
        return float(values.mean()) if n else np.nan, np.nan, np.nan
    mean = float(values.mean())
    half = float(
        stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1) * values.std(ddof=1) /
        np.sqrt(n))
    return mean, mean - half, mean + half


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """With CR minus without CR and variant, paired by seed.

    Returns:
        DataFrame: ``CELL`` and ``ABOUT`` of each cell with CR whose matrix
        has one without, ``metric``, what :func:`paired` finds, ``p_holm``
        (corrected for all of the metric), ``seeds`` and ``outcome``.
    """
    names = [
        *CELL, *ABOUT, 'metric', 'difference', 'low', 'high', 'n', 'p',
        'p_holm', 'positive', 'negative', 'zero', 'seeds', 'outcome'
    ]
    rows = []
    cells = dict(list(runs.groupby(CELL, sort=False)))
    for cell, own in cells.items():
        method, cr, data, model, _ = cell
        plain = cells.get((method, False, data, model, ''))
        if not cr or plain is None:
            continue
        both = own.merge(plain, on='seed', suffixes=('', '_plain'))
        for metric in METRICS:
            before, after = both[f'{metric}_plain'], both[metric]
            known = np.isfinite(before) & np.isfinite(after)
            rows.append(
                dict(
                    zip(CELL, cell),
                    **own.iloc[0][ABOUT].to_dict(),
                    metric=metric,
                    seeds=tuple(both.seed[known]),
                    **paired(before[known], after[known])))
    table = pd.DataFrame(rows, columns=names)
    # Of all comparisons of one number.
    table['p_holm'] = table.groupby('metric').p.transform(holm)
    table['outcome'] = [outcome(row) for row in table.itertuples()]
    return table


def paired(before: Sequence[float], after: Sequence[float]) -> Dict[str, Any]:
    """Mean difference of n runs with its t interval, the paired t-test, and
    the signs.

    Runs of a seed share the order of images and the first weights, and what
    these do to both cancels. If all differences are equal, up to the rounding
    of their terms, their variance is zero: the interval shrinks to the
    difference, and ``p`` is nan because the t-statistic is x/0.

    Returns:
        dict: ``difference``, ``low``, ``high``, ``n``, ``p`` (two-sided),
        and how many differences are ``positive``, ``negative``, ``zero``.
    """
    both = np.array([before, after], float)  # (2, n)
    change = both[1] - both[0]  # (n,)
    rounding = 8 * np.finfo(float).eps * np.abs(both).max(initial=0)
    change[np.abs(change) <= rounding] = 0
    mean, low, high = mean_interval(change)
    p = np.nan
    if len(change) > 1 and np.ptp(change) <= rounding:
        low = high = mean
    elif len(change) > 1:
        p = float(stats.ttest_rel(both[1], both[0]).pvalue)
    positive, negative = int((change > 0).sum()), int((change < 0).sum())
    return dict(
        difference=mean,
        low=low,
        high=high,
        n=len(change),
        p=p,
        positive=positive,
        negative=negative,
        zero=len(change) - positive - negative)


def outcome(row: Any) -> str:
    """Say what a row of :func:`differences` tells, one of ``OUTCOMES``.

    A sign alone says little: of two equal methods one is always ahead. A
    difference is clear if its interval excludes 0 and its p-value, corrected
    by Holm for the number of comparisons, is at most ``LEVEL``. 'no test' if
    fewer than two seeds have both runs or all differences are equal.
    """
    if row is None or not is_known(row.difference):
        return UNKNOWN
    if not is_known(row.low):
        return NO_TEST
    if row.low <= 0 <= row.high:
        return UNCLEAR
    if not is_known(row.p_holm):
        return NO_TEST
    if row.p_holm > LEVEL:
        return UNCORRECTED
    sign, better = 1 if row.low > 0 else -1, NUMBERS[row.metric].better
    if better == 0:
        return HIGHER if sign > 0 else LOWER
    return BETTER if sign == better else WORSE


def find_warnings(runs: pd.DataFrame) -> List[Dict[str, Any]]:
    """What a reader has to know before believing the numbers."""
    done = runs[runs.state == 'done']
    found: List[Tuple[str, bool, Sequence[str]]] = []  # message, loud, names
    for label, own in done.groupby('data', sort=False):
        sets = {(run['split'] or {}).get('fingerprint') for run in own.record}
        if len(sets) > 1:
            found.append(
                (f'The runs on {label} trained on {len(sets)} different sets '
                 'of images. Their differences are not those of the methods '
                 'alone.', True, ()))
    for key, words in (('main', 'take the main number from different epochs'),
                       ('selection_split',
                        'were evaluated on different splits'),
                       ('head_above', 'divide head and middle differently'),
                       ('tail_below', 'divide middle and tail differently'),
                       ('epochs', 'trained for different numbers of epochs')):
        values = distinct(done, lambda record: record['protocol'].get(key))
        if len(values) > 1:
            found.append(
                (f'The runs {words}: {listing(map(str, values))}.', key
                 != 'epochs', ()))
    failed = list(runs.name[runs.state == 'failed'])
    if failed:
        found.append((f'{plural(len(failed), "run")} failed. The means are '
                      'over the seeds that did not.', False, failed))
    for run in runs[runs.state.isin(['unreadable', 'other run'])].itertuples():
        found.append((f'{run.name} does not count ({run.state}): {run.reason}',
                      False, ()))
    seeds = done.groupby(CELL).seed.nunique()
    few = int((seeds < FEW_SEEDS).sum())
    if few:
        found.append(
            (f'Fewer than {FEW_SEEDS} seeds have ended in {few} of '
             f'{plural(len(seeds), "cell")}: too few to tell a difference '
             'from luck.', False, ()))
    code = [record['code'] for record in done.record]
    for message, meant in (('The commit of the code is not known of {}.', [
            one['commit'] is None for one in code
    ]), ('There were uncommitted changes in the code of {}.',
         [one['clean'] is False for one in code])):
        if any(meant):
            found.append((message.format(plural(sum(meant), 'run')), False,
                          list(done.name[np.array(meant)])))
    packages = sorted(
        {name
         for one in done.record
         for name in one['packages']})
    for words, value in (
        ('The runs were trained with {} states of the code', code_text), *(
            (f'The runs were trained with {{}} versions of {name}',
             lambda one, name=name: one['packages'].get(name, 'not installed'))
            for name in packages),
        ('The runs were trained on {} kinds of machines, so their times do '
         'not compare', machine_text)):
        counts = done.record.map(value).value_counts(sort=False)
        if len(counts) > 1:
            parts = [f'{k} ({plural(n, "run")})' for k, n in counts.items()]
            found.append(
                (f'{words.format(len(counts))}: {listing(parts)}.', False, ()))
    return [
        dict(
            message=clean(message, 2000),
            loud=loud,
            runs=[clean(name) for name in names])
        for message, loud, names in found
    ]


def distinct(runs: pd.DataFrame, take: Callable[[dict], Any]) -> List[Any]:
    """What ``take`` finds in the records of runs that are done: each value
    once, in their order, without None."""
    found: List[Any] = []
    for record in runs.record[runs.state == 'done']:
        value = take(record)
        if value is not None and value not in found:
            found.append(value)
    return found


def code_text(record: Dict[str, Any]) -> str:
    """'mmcurv 0.1.0, commit 1234567', and whether files were changed."""
    code = record['code']
    text = f'mmcurv {code["version"]}'
    if not code.get('commit'):
        return f'{text}, commit not known'
    text += f', commit {code["commit"]}'
    return text if code.get('clean') else f'{text} with changed files'


def machine_text(record: Dict[str, Any]) -> str:
    """Processor, memory, accelerators, and what the run used of them."""
    machine = record['machine']
    parts = [str(machine.get('processor') or 'processor not known')]
    for key, one, many in (('cores', 'core', 'cores'), ('threads', 'thread',
                                                        'threads'),
                           ('processes', 'process', 'processes')):
        if is_known(machine.get(key)):
            parts.append(plural(machine[key], one, many))
    if is_known(machine.get('memory_bytes')):
        parts.append(f'{machine["memory_bytes"] / 2**30:.0f} GiB')
    parts += [str(name) for name in machine.get('accelerators') or []]
    return ', '.join(parts + [str(machine.get('system') or '')]).rstrip(', ')
