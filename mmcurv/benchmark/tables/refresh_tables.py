# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the refreshes of pooled curvatures cost and how they agree."""
from statistics import fmean
from typing import Any, Dict, List, Sequence

from mmcurv.audit.report.numbers import (ABSENT, count, fixed, is_known,
                                         number, percent, plural)
from mmcurv.benchmark.pages.provenance_rows import code_text
from .text_table import TextTable

PARTS = ('gather', 'neighbours', 'frames', 'fit', 'cache', 'backward', 'rest')
COLUMNS = ('Pearson', 'Spearman', 'Largest difference', 'Mean difference',
           'Bias', 'Spread')
seconds, times, gigabytes = fixed(2), fixed(1), fixed(1)
correlation = fixed(3)
DIGITS = 3  # of differences: those of rounding are small


def cost_table(record: Dict[str, Any]) -> TextTable:
    """Sets by refreshes.

    Args:
        record (dict): Written by ``benchmarks/refresh_cost.py``.

    Returns:
        TextTable: A line for each refresh of each set.
    """
    rows = []
    for one in record['sets']:
        base = one['steps']['batch']['seconds']
        for refresh, step in one['steps'].items():
            rows.append([
                f'{one["classes"]:,}', f'{one["images"]:,}', refresh,
                count(step['points']),
                seconds(step['seconds']),
                times(step['seconds'] / base),
                seconds(step['core_seconds']),
                *(percent(step['shares'][part]) for part in PARTS),
                gigabytes(step['peak_bytes'] /
                          1e9) if is_known(step['peak_bytes']) else ABSENT
            ])
    note = (f'{record["width"]:,} features, batch {record["batch"]}, '
            f'{plural(record["machine"]["threads"], "thread")} of '
            f'{record["machine"]["processor"]}, torch '
            f'{record["packages"]["torch"]}; load of the machine '
            f'{_range(_loads(record), fixed(1))}; {code_text(record)}. Made '
            f'by {record["command"]}.')
    return TextTable('Cost of a step', [
        'Classes', 'Images in the pool', 'refresh', 'Points measured',
        'Seconds', "Times 'batch'", 'Core seconds', *PARTS, 'Peak, GB'
    ], rows, 'rrl' + 'r' * (len(PARTS) + 5), note)


def agreement_tables(record: Dict[str, Any]) -> List[TextTable]:
    """Remembered against fresh by epochs, and all comparisons.

    Args:
        record (dict): Written by ``benchmarks/refresh_agreement.py``.

    Returns:
        list[TextTable]: Two.
    """
    return [_by_epoch(record), _comparisons(record)]


def _by_epoch(record: Dict[str, Any]) -> TextTable:
    own = [row for row in record['within'] if row['refresh'] == 'batch']
    epochs = sorted({row['epoch'] for row in own})
    rows = [[str(epoch), *_row([row for row in own if row['epoch'] == epoch])]
            for epoch in epochs]
    seeds = len({row['seed'] for row in own})
    return TextTable(
        "refresh='batch': remembered against measured anew, after each epoch",
        ['Epoch', *COLUMNS], rows, 'r' * (len(COLUMNS) + 1),
        f'Mean over {seeds} seeds, in brackets the lowest correlation and '
        'the largest difference. Differences are in log G and absolute but '
        'for the bias, which is remembered minus measured anew; the spread '
        'is the standard deviation of log G over the classes.')


def _comparisons(record: Dict[str, Any]) -> TextTable:
    rows = []
    for refresh in dict.fromkeys(r['refresh'] for r in record['within']):
        own = [row for row in record['within'] if row['refresh'] == refresh]
        rows.append([
            f"'{refresh}': remembered against measured anew",
            str(len({row['seed']
                     for row in own})), *_row(own)
        ])
    for kind, words in (('between', '{0} against {1}, same seed'),
                        ('seeds', '{0}, one seed against another')):
        for pair in dict.fromkeys(tuple(r['refreshes']) for r in record[kind]):
            own = [r for r in record[kind] if tuple(r['refreshes']) == pair]
            quoted = [f"'{name}'" for name in pair]
            pairs = {tuple(row['seeds']) for row in own}
            rows.append([words.format(*quoted), str(len(pairs)), *_row(own)])
    options = ''.join(f', {key}={value}'
                      for key, value in record['options'].items())
    note = ('Mean over all epochs with CR of the runs or pairs of runs, in '
            f'brackets the worst epoch. {record["config"]}{options}; '
            f'{code_text(record)}. Made by {record["command"]}.')
    return TextTable('All comparisons', ['Comparison', 'Runs', *COLUMNS], rows,
                     'l' + 'r' * (len(COLUMNS) + 1), note)


def _row(entries: Sequence[Dict[str, Any]]) -> List[str]:
    return [
        _mean_and(min, entries, 'pearson', correlation),
        _mean_and(min, entries, 'spearman', correlation),
        _mean_and(max, entries, 'largest', difference),
        difference(_mean(entries, 'mean')),
        difference(_mean(entries, 'bias')),
        difference(_mean(entries, 'spread'))
    ]


def difference(value) -> str:
    return number(value, DIGITS)


def _mean_and(worst, entries, name, show) -> str:
    known = [row[name] for row in entries if is_known(row[name])]
    if not known:
        return ABSENT
    return f'{show(fmean(known))} ({show(worst(known))})'


def _mean(entries, name) -> float:
    known = [row[name] for row in entries if is_known(row[name])]
    return fmean(known) if known else float('nan')


def _loads(record: Dict[str, Any]) -> List[float]:
    return [v for one in record['sets'] for v in one['load_before_and_after']]


def _range(values: Sequence[float], show) -> str:
    return f'{show(min(values))} to {show(max(values))}'
