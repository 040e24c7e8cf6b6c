# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of the documents, each made of a record that is kept."""
import json
import os.path as osp
from statistics import fmean, median
from typing import Any, Dict, List

import pandas as pd

from mmcurv.arguments import UsageError
from mmcurv.benchmark.collect import (Summary, code_text, holm, paired,
                                      read_collection, summarize)
from mmcurv.benchmark.tables import (TESTED, Table, change_text, detail_tables,
                                     mean_text, number_table, row_label,
                                     with_interval)
from mmcurv.numbers import (ABSENT, NUMBERS, clean, count, fixed, is_known,
                            percent, plural, probability)

STUDY = ('overall', 'head', 'middle', 'tail', 'variance',
         'log_curvature_variance', 'correlation')
BASELINE = ('overall', 'head', 'middle', 'tail', 'variance')
STUDY_NOTE = (
    'The first line has means over seeds ± half of the 95 % interval, the '
    'others differences from it, paired by seed, with theirs. Accuracies are '
    'in per cent or points, variance is that of class accuracies as '
    'fractions. Last, p of the paired t-test of overall accuracy, corrected '
    'after Holm for all settings of the table, and how many seeds went up.')
BASELINE_NOTE = (
    'Runs without CR minus runs of {} without CR, paired by seed: mean '
    'difference ± half of its 95 % interval, accuracies in points. Networks '
    'differ where the names say so. Last, p of the paired t-test of tail '
    'accuracy, corrected after Holm for all methods of the table, and in how '
    'many seeds the tail went up.')
GRADIENT_NOTE = (
    'Norm of the gradient of CR in an image\'s feature over that of '
    'cross-entropy, mean over the images of a class each, for the classes of '
    'the given numbers of training images. Last, over all classes, the mean '
    'cosine of the push with the direction away from the class\'s centre, '
    'and that of the two gradients.')
PARTS = ('gather', 'neighbours', 'frames', 'fit', 'cache', 'backward', 'rest')


def record_tables(path: str) -> List[Table]:
    """The tables of a kept record.

    Args:
        path (str): Of a kept collection, or of what ``cr_gradient.py``,
            ``refresh_cost.py``, ``run.py`` or ``real_runs/record.py`` of
            ``benchmarks`` wrote.

    Returns:
        list[Table]: In the order in which they are read.

    Raises:
        UsageError: If the record is missing or cannot be read.
    """
    try:
        with open(path, encoding='utf-8') as file:
            record = json.load(file)
        if record.get('schema') in TABLES:
            return TABLES[record['schema']](record)
        return _of_collection(summarize(read_collection(path)))
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f'{path}: expected a kept collection or a record of '
                         f'{", ".join(TABLES)}, but {error}') from error


def _of_collection(summary: Summary) -> List[Table]:
    """Of settings of one method, or of several methods; the last note says
    which code the runs are of."""
    if summary.runs.method.nunique() == 1:
        tables = [study_table(summary)]
    else:
        tables = [
            *detail_tables(summary), *baseline_tables(summary),
            *(number_table(summary, key) for key in TESTED)
        ]
    return tables


def made_by(path: str) -> str:
    """Code and command of the runs of a kept collection; '' of another
    record."""
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    if record.get('schema') in TABLES:
        return ''
    codes = dict.fromkeys(
        code_text(run['record']) for run in record['runs']
        if run['state'] == 'done')
    return (f'Runs of {", ".join(codes)}. Trained by `tools/benchmark.py run '
            f'{record["matrix"]["file"]}`.')


def study_table(summary: Summary) -> Table:
    """Settings of CR beside the plain runs that they are compared with.

    Args:
        summary (Summary): Of runs of one method, model and data set.

    Returns:
        Table: Plain runs first, then the settings in their order.
    """
    columns = [NUMBERS[key].label for key in STUDY]
    means = summary.means[summary.means.evaluation == 'main']
    rows = []
    plain = means[~means.cr & (means.variant == '')]
    for (method, _), own in plain.groupby(['method', 'data'], sort=False):
        by_key = {row.metric: row for row in own.itertuples()}
        rows.append([
            clean(f'{method} without CR'),
            *(mean_text(by_key[key]) for key in STUDY), '', ''
        ])
    for variant, own in summary.differences.groupby('variant', sort=False):
        by_key = {row.metric: row for row in own.itertuples()}
        setting = clean(f'CR, {variant}' if variant else 'CR')
        tested = by_key['overall']
        if tested.n:
            rows.append([
                setting, *(change_text(by_key[key]) for key in STUDY),
                probability(tested.p_holm), f'{tested.positive} of {tested.n}'
            ])
        else:
            cell = means[means.cr & (means.variant == variant)
                         & (means.metric == 'overall')]
            rows.append(
                [setting, mean_text(next(cell.itertuples())),
                 *[''] * (len(STUDY) + 1)])  # yapf: disable
    frame = pd.DataFrame(rows, columns=['Setting', *columns, 'p, Holm', 'Up'])
    return Table(summary.matrix['title'], frame, 'l' + 'r' * (len(STUDY) + 2),
                 STUDY_NOTE)


def baseline_tables(summary: Summary) -> List[Table]:
    """Methods without CR against the first method of the matrix.

    Args:
        summary (Summary): Of a collection.

    Returns:
        list[Table]: One for each data set on which the first method and
        another one have runs of common seeds.
    """
    runs = summary.runs[~summary.runs.cr & (summary.runs.variant == '')]
    name, first = row_label(summary), runs.method.iloc[0]
    tables = []
    for data, own in runs.groupby('data', sort=False):
        before = own[own.method == first]
        model = before.model.iloc[0] if len(before) else None
        before = before[before.model == model]
        rows, tests = [], []
        for (method, model_), after in own.groupby(['method', 'model'],
                                                   sort=False):
            both = before.merge(after, on='seed', suffixes=('_1', '_2'))
            changes = {}
            for key in BASELINE:
                known = both[[f'{key}_1', f'{key}_2']].dropna()
                changes[key] = paired(*known.T.values)
            if (method, model_) != (first, model) and changes['overall']['n']:
                rows.append((name(after.iloc[0]), changes))
                tests.append(changes['tail']['p'])
        if not rows:
            continue
        frame = pd.DataFrame([{
            'Method':
            label,
            **{
                NUMBERS[key].label: _paired_text(key, found)
                for key, found in changes.items()
            }, 'p, Holm':
            probability(p),
            'Up':
            f'{changes["tail"]["positive"]} of {changes["tail"]["n"]}'
        } for (label, changes), p in zip(rows, holm(pd.Series(tests)))])
        tables.append(
            Table(f'Against {clean(first)}: {clean(data)}', frame,
                  'l' + 'r' * (len(BASELINE) + 2),
                  BASELINE_NOTE.format(clean(first))))
    return tables


def _paired_text(key: str, found: Dict[str, Any]) -> str:
    return with_interval(found['difference'], found['low'], found['high'],
                         NUMBERS[key].cell_change)


def gradient_tables(record: Dict[str, Any]) -> List[Table]:
    """Whom CR pushes, how hard and where to: settings of CR by classes."""
    variants, show = record['variants'], fixed(2)
    counts = [row['train_count'] for row in next(iter(variants.values()))]
    rows = []
    for name, classes in variants.items():
        means = [[row[key] for row in classes if row[key] is not None]
                 for key in ('outward', 'with_ce')]
        rows.append([
            name, *(show(row['cr_norm'] / row['ce_norm']) for row in classes),
            *(show(fmean(known)) for known in means)
        ])
    columns = ['Setting', *(f'{n:,}' for n in counts), 'outward', 'with CE']
    return [
        Table('Gradient of CR over that of cross-entropy',
              pd.DataFrame(rows, columns=columns),
              'l' + 'r' * (len(counts) + 2), GRADIENT_NOTE)
    ]


def refresh_gradient_tables(record: Dict[str, Any]) -> List[Table]:
    """Gradient of each refresh beside that of all points; of the largest
    drift the smaller samples are left out."""
    frame = pd.DataFrame(record['rows'])
    smaller = frame.refresh.isin(
        ['neighbors, sample 1', 'neighbors, sample 2'])
    frame = frame[(frame.drift > 0)
                  & ~((frame.drift == frame.drift.max()) & smaller)]
    numbers = ['cosine', 'norm', 'cosine_of_mean', 'bias', 'cost']
    for name in numbers:
        frame[name] = frame[name].map(fixed(2))
    frame['drift'] = frame.drift.map('{:g}'.format)
    frame = frame[['set', 'drift', 'refresh', *numbers]]
    frame.columns = [
        'Features', 'Drift', 'refresh', 'Cosine', 'Norm',
        'Cosine of the mean draw', 'Error of the mean draw', 'Cost'
    ]
    return [
        Table(
            'Gradients', frame, 'lrlrrrrr',
            "Cosine and norm (over that of 'all') of one draw, then the mean "
            f'of {record["draws"]} draws: its cosine, and the length of its '
            'difference over that of the exact gradient, most of which is '
            "what so few draws leave of chance ('neighbors, all' draws every "
            'stored point and has none). Cost in CPU seconds over that of '
            "'all'.")
    ]


def cost_tables(record: Dict[str, Any]) -> List[Table]:
    """What a step costs: sets by refreshes of pooled curvatures."""
    rows = []
    for one in record['sets']:
        base = one['steps']['batch']['seconds']
        for refresh, step in one['steps'].items():
            peak = step['peak_bytes']
            rows.append([
                f'{one["classes"]:,}', f'{one["images"]:,}', refresh,
                count(step['points']),
                fixed(2)(step['seconds']),
                fixed(1)(step['seconds'] / base),
                fixed(2)(step['core_seconds']),
                *(percent(step['shares'][part]) for part in PARTS),
                fixed(1)(peak / 1e9) if is_known(peak) else ABSENT
            ])
    loads = [v for one in record['sets'] for v in one['load_before_and_after']]
    note = (f'{record["width"]:,} features, batch {record["batch"]}, '
            f'{plural(record["machine"]["threads"], "thread")} of '
            f'{record["machine"]["processor"]}, torch '
            f'{record["packages"]["torch"]}; load of the machine '
            f'{fixed(1)(min(loads))} to {fixed(1)(max(loads))}; '
            f'{code_text(record)}. Made by {record["command"]}.')
    columns = [
        'Classes', 'Images in the pool', 'refresh', 'Points measured',
        'Seconds', "Times 'batch'", 'Core seconds', *PARTS, 'Peak, GB'
    ]
    return [
        Table('Cost of a step', pd.DataFrame(rows, columns=columns),
              'rrl' + 'r' * (len(PARTS) + 5), note)
    ]


def real_runs_tables(record: Dict[str, Any]) -> List[Table]:
    """Loss, accuracy and time of full-size runs, epoch by epoch."""
    rows = []
    for run in record['runs']:
        images, classes = sum(run['class_counts']), len(run['class_counts'])
        cr, seconds = run['cr'], run['seconds']
        rows.append({
            'config':
            osp.basename(run['config']),
            'images':
            f'{images:,}',
            'classes':
            f'{classes}',
            'parameters':
            f'{run["cost"]["parameters"]:,}',
            'loss, epoch by epoch':
            ', '.join(f'{loss:.3f}' for loss in run['loss']),
            'top-1, epoch by epoch':
            ', '.join(map(fixed(1), run['top1'])),
            'chance':
            f'{100 / classes:g}',
            'CR from':
            f'epoch {cr["start_epoch"]}' if cr else 'none',
            'seconds an epoch':
            f'{fmean(seconds):,.0f}',
            'images a second':
            f'{images * len(seconds) / sum(seconds):,.0f}'
        })
    frame = pd.DataFrame(rows)
    return [Table('Full-size runs', frame, 'l' + 'r' * (frame.shape[1] - 1))]


# Tables of the records that are no collections of runs, by schema.
def speed_tables(record: Dict[str, Any]) -> List[Table]:
    """What ``make bench`` measured.

    Args:
        record (dict): As ``benchmarks/run.py`` wrote it.

    Returns:
        list[Table]: One.
    """
    rows = []
    for row in record['rows']:
        values, middle = row['values'], median(row['values'])
        aim, reached = '', True
        if row.get('at_least') is not None:
            aim, reached = f'≥ {row["at_least"]:g}', middle >= row['at_least']
        elif row.get('at_most') is not None:
            aim, reached = f'≤ {row["at_most"]:g}', middle <= row['at_most']
        rows.append(
            (row['what'], row.get('against',
                                  ''), f'{_three(middle)} {row["unit"]}',
             f'{_three(min(values))} to {_three(max(values))}',
             aim + ', missed' * (not reached)))
    machine, packages = record['machine'], record['packages']
    headings = ('What', 'Against', 'Median', 'Range', 'Aim')
    note = (f'{len(record["rows"][0]["values"])} runs; '
            f'{plural(record["threads"], "thread")} of '
            f'{machine["processor"]}, torch {packages["torch"]}, mmcurv '
            f'{record["code"]["version"]}, commit '
            f'{str(record["code"]["commit"])[:12]}; load of the machine '
            f'{record["load"]:.1f}.')
    return [
        Table('Speed', pd.DataFrame(rows, columns=headings), 'wwrrr', note)
    ]


def _three(value: float) -> str:
    """Three digits, or all before the point."""
    return f'{value:.0f}' if value >= 100 else f'{value:.3g}'


TABLES = {
    'mmcurv.cr_gradient': gradient_tables,
    'mmcurv.refresh_cost': cost_tables,
    'mmcurv.refresh_gradients': refresh_gradient_tables,
    'mmcurv.real_runs': real_runs_tables,
    'mmcurv.speed': speed_tables,
}
