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

from mmcurv.numbers import (ABSENT, clean, count, interval, number, percent,
                            points)
from .compare_page import comparison_sentences, geometry_rows, summary_rows
from .report import (audit_sentences, check_version, correlation_rows,
                     summary_cells, worst_first)

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

    Raises:
        ValueError: If an earlier mmcurv made the record.
    """
    parts = _sentences(audit_sentences(check_version(audit)))
    parts.append(
        _table(
            'Accuracy of the classes; noise alone: what so few images would '
            'show of equal ones', ('Number', 'Value', '95 %, test images',
                                   '8 of 10 classes', 'Over', 'Noise'),
            [[cell['label'], cell['value']] +
             [cell[key] or ABSENT for key in ('interval', 'spread')] +
             [cell['note'], cell['noise']] for cell in summary_cells(audit)]))
    parts.append(_worst_classes(audit))
    if audit['correlation']:
        keys = ('label', 'spearman', 'spearman_ends', 'holm_p', 'partial',
                'given', 'entered')
        parts.append(
            _table('Correlation with class accuracy, over classes',
                   ('Measure', 'Spearman', '95 % interval', 'Holm p', 'Given',
                    '', 'Classes'), [[row[key] for key in keys]
                                     for row in correlation_rows(audit)]))
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
    parts += _sentences(comparison_sentences(comparison))
    keys = ('label', 'a', 'b', 'change', 'interval', 'over')
    parts.append(
        _table('B minus A',
               ('Number', 'A', 'B', 'Change', '95 % interval', 'over'),
               [[row[key] for key in keys]
                for row in summary_rows(comparison)]))
    for outcome in ('gained', 'paid'):
        if comparison[outcome]:
            parts.append(_changed(comparison, outcome))
    keys = ('label', 'a', 'b', 'change', 'interval', 'wilcoxon_p')
    moved = [[row[key] for key in keys] for row in geometry_rows(comparison)]
    if moved:
        parts.append(
            _table('Geometry',
                   ('Measure', 'A', 'B', 'Change', '95 %, over classes', 'p'),
                   moved))
    return Group(*parts,
                 *_warnings([w for w in warnings if not w.get('loud')]))


def _sentences(texts: Sequence[str]) -> List[RenderableType]:
    headline, *paragraphs = texts
    return [Text(headline, style='bold'), Text()
            ] + [Text(f'{text}\n') for text in paragraphs]


def _table(title: str, headings: Sequence[str],
           rows: Sequence[Sequence[str]]) -> Table:
    table = Table(
        title=title, title_justify='left', box=box.SIMPLE, pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify='right' if i else 'left')
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _worst_classes(audit: dict) -> Table:
    rows = []
    for row in worst_first(audit['classes'])[:WORST]:
        wrong = row.get('top_confusion')
        fails = {None: ABSENT, True: 'fails', False: 'no'}[row.get('failing')]
        rows.append(
            (clean(row['name'], NAME), fails, count(row.get('train_count')),
             percent(row.get('accuracy')),
             interval(row.get('wilson_low'), row.get('wilson_high'),
                      percent), number(row.get('curvature')),
             clean(wrong['name'], NAME) if wrong else ABSENT))
    title = f'The worst {len(rows)} of {len(audit["classes"]):,} classes'
    return _table(title, ('Class', 'Fails', 'Train n', 'Accuracy',
                          '95 %, its images', 'Curvature', 'Taken for'), rows)


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
    return _table(title, ('Class', 'A', 'B', 'Points', '95 %, its images'),
                  rows)


def _warnings(warnings: List[dict]) -> List[RenderableType]:
    parts = []
    for warning in warnings:
        text = Text(clean(warning['message'], 600))
        if warning.get('loud'):
            parts.append(Panel(text, title='WARNING', style='bold red'))
        else:
            parts.append(Text('Warning: ', style='yellow').append_text(text))
    return parts
