# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit or a comparison as tables for the terminal.

Names are put in as plain text: no markup and no control character of a class
name reaches the terminal.
"""
from typing import List, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .compare_page import geometry_rows, headline, sentences, summary_rows
from .numbers import ABSENT, clean, count, interval, number, percent, points
from .report import correlation_rows, summary_cells, verdict, worst_first

WORST = 10
CHANGED = 8  # of each side
NAME = 40  # characters


def audit_summary(audit: dict) -> RenderableType:
    """What an audit found, to be printed by a ``rich`` console.

    Args:
        audit (dict): Audit record.

    Returns:
        RenderableType: Verdict, numbers, worst classes, correlations,
        warnings.
    """
    found = verdict(audit)
    parts = [Text(found['headline'], style='bold'), Text()]
    parts += [Text(f'{sentence}\n') for sentence in found['sentences']]
    parts += [_numbers(audit), _worst_classes(audit), _correlations(audit)]
    return Group(*parts, *_warnings(audit.get('warnings') or []))


def comparison_summary(comparison: dict) -> RenderableType:
    """What changed between two audits, loud warnings first.

    Args:
        comparison (dict): Record of :func:`mmcurv.audit.compare.compare`.

    Returns:
        RenderableType: Warnings, findings, numbers, changed classes.
    """
    warnings = comparison['warnings']
    parts = _warnings([w for w in warnings if w.get('loud')])
    parts += [Text(headline(comparison), style='bold'), Text()]
    parts += [Text(f'{sentence}\n') for sentence in sentences(comparison)]
    parts.append(
        _table(
            'B minus A', ('Number', 'A', 'B', 'Change', '95 % interval'),
            [[row[key] for key in ('label', 'a', 'b', 'change', 'interval')]
             for row in summary_rows(comparison)]))
    for outcome in ('gained', 'paid'):
        if comparison[outcome]:
            parts.append(_changed(comparison, outcome))
    moved = [[
        row[key]
        for key in ('label', 'a', 'b', 'change', 'interval', 'wilcoxon_p')
    ] for row in geometry_rows(comparison)]
    if moved:
        parts.append(
            _table('Geometry',
                   ('Measure', 'A', 'B', 'Change', '95 % interval', 'p'),
                   moved))
    return Group(*parts, *_warnings([w for w in warnings if not w['loud']]))


def _table(title: str, headings: Sequence[str],
           rows: Sequence[Sequence[str]]) -> Table:
    table = Table(
        title=title, title_justify='left', box=box.SIMPLE, pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify='right' if i else 'left')
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _numbers(audit: dict) -> Table:
    return _table('Accuracy of the classes',
                  ('Number', 'Value', '95 % interval', 'Over'),
                  [(cell['label'], cell['value'], cell['interval']
                    or ABSENT, cell['note']) for cell in summary_cells(audit)])


def _worst_classes(audit: dict) -> Table:
    rows = []
    for row in worst_first(audit['classes'])[:WORST]:
        wrong = row.get('top_confusion')
        rows.append(
            (clean(row['name'], NAME), count(row.get('train_count')),
             percent(row.get('accuracy')),
             interval(row.get('wilson_low'), row.get('wilson_high'), percent),
             number(row.get('curvature')), count(row.get('curvature_rank')),
             clean(wrong['name'], NAME) if wrong else ABSENT))
    title = f'The worst {len(rows)} of {len(audit["classes"]):,} classes'
    return _table(title, ('Class', 'Train n', 'Accuracy', '95 % interval',
                          'Curvature', 'Rank', 'Taken for'), rows)


def _correlations(audit: dict) -> Table:
    keys = ('label', 'pearson', 'pearson_ends', 'pearson_p', 'spearman',
            'partial_pearson', 'entered')
    return _table('Correlation with class accuracy',
                  ('Measure', 'Pearson', '95 % interval', 'p', 'Spearman',
                   'Given size', 'Classes'),
                  [[row[key] for key in keys]
                   for row in correlation_rows(audit)])


def _changed(comparison: dict, outcome: str) -> Table:
    by_name = {row['name']: row for row in comparison['classes']}
    names = comparison[outcome]
    rows = [(clean(name, NAME), percent(row['accuracy_a']),
             percent(row['accuracy_b']), points(row['change']),
             interval(row['low'], row['high'], points))
            for name in names[:CHANGED] for row in [by_name[name]]]
    title = f'{outcome.title()}: {len(names):,}'
    if len(names) > CHANGED:
        title += f', the first {CHANGED}'
    return _table(title, ('Class', 'A', 'B', 'Points', '95 % interval'), rows)


def _warnings(warnings: List[dict]) -> List[RenderableType]:
    parts = []
    for warning in warnings:
        text = Text(clean(warning['message'], 600))
        if warning.get('loud'):
            parts.append(Panel(text, title='WARNING', style='bold red'))
        else:
            parts.append(Text('Warning: ', style='yellow').append_text(text))
    return parts
