# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A benchmark as one HTML page that needs nothing else.

Its tables are those of :mod:`~mmcurv.benchmark.tables`, its sentences stand
in the template. Every column can be sorted; without a script the page lacks
nothing else.
"""
import base64
import hashlib
import os.path as osp
import shlex
from typing import Any, Dict, List, Optional, Tuple

import jinja2
import pandas as pd
from markupsafe import Markup

from mmcurv.audit.report.page import TEMPLATES
from mmcurv.audit.report.style import inline_svg
from mmcurv.numbers import NUMBERS, clean, is_known, listing, plural
from .collect import METRICS, Summary, code_text, distinct, machine_text
from .figures import Drawn, reach
from .matrix import switch_words
from .paper import VERDICTS
from .run_folder import STATES
from .tables import (TONES, Table, glance_tables, has, number_table,
                     open_tables, outcome_counts, paper_tables, paragraphs)

OWN = osp.join(osp.dirname(osp.abspath(__file__)), 'templates')
SCALE = 1.3  # of a figure's points on the page; its text becomes 10 px
CLASSES = dict(l='text', w='reason', r='number')


def page(summary: Summary, figures: Dict[str, Drawn]) -> str:
    """A page that opens offline in any browser.

    It loads nothing: its security policy forbids it, and lets no script run
    but its own, whatever the names of methods and paths hold.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([OWN, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    script = environment.get_template('benchmark.js').render()
    digest = hashlib.sha256(script.encode()).digest()
    matrix = summary.matrix
    run = f'tools/benchmark.py run {shlex.quote(str(matrix["file"]))}'
    if ' collect ' in matrix['command']:  # which runs, and where they lie
        run = matrix['command'].replace(' collect ', ' run ', 1)
    given = [run, matrix['command']]
    paper = dict(list(summary.paper.groupby('kind')))
    return environment.get_template('benchmark.html.j2').render(
        script_hash=base64.b64encode(digest).decode(),
        title=clean(matrix['title']),
        about=paragraphs(matrix.get('about')),
        made=clean(matrix['created'])[:16].replace('T', ' '),
        states=_states(summary),
        seeds=sorted(set(summary.runs.seed[summary.runs.state == 'done'])),
        mains=distinct(summary.runs, _of_protocol('main')),
        length=_length(summary),
        hours=summary.runs.seconds.sum() / 3600,
        outcomes=outcome_counts(summary, 'overall'),
        warnings=summary.warnings,
        glanced=[_shown(table) for table in glance_tables(summary)],
        tables=[(key, number, _shown(number_table(summary, key)))
                for key, number in NUMBERS.items()
                if key in METRICS and (key == 'overall' or has(summary, key))],
        limits=_limits(summary),
        paper=[_shown(table) for table in paper_tables(summary)],
        verdicts=[(name, {
            kind: int((rows.verdict == name).sum())
            for kind, rows in paper.items()
        }) for name in VERDICTS],
        totals={
            kind: len(rows)
            for kind, rows in paper.items()
        },
        figures=[_drawing(name, figure) for name, figure in figures.items()],
        missing=[_shown(table) for table in open_tables(summary)],
        runs=_shown(_runs_table(summary)),
        protocol=_texts(_protocol(summary)),
        provenance=_texts(_provenance(summary)),
        commands=[f'python {clean(text, 1000)}' for text in given if text])


def _shown(table: Table) -> Dict[str, Any]:
    """A table as the template's macro takes it."""
    known = [row for row in table.changes if row is not None]
    edge = reach(known) if known else 1.
    changes = table.changes or [None] * len(table.frame)
    says = [
        column for column in ('Outcome', 'Verdict') if column in table.frame
    ]
    return dict(
        title=table.title,
        columns=[(name, CLASSES[letter])
                 for name, letter in zip(table.frame, table.align)],
        has_bars=bool(known),
        rows=[
            dict(
                cells=list(row),
                tone=TONES.get(row[table.frame.columns.get_loc(says[0])],
                               'open') if says else '',
                bar=_bar(change, edge))
            for row, change in zip(table.frame.values, changes)
        ],
        note=table.note)


def _bar(change: Any, edge: float) -> Optional[List[Optional[float]]]:
    """Both ends and the middle in per cent of the width; 50 is 0."""
    if change is None or not is_known(change.difference):
        return None
    return [
        round(min(max((value / edge + 1) / 2, 0), 1) *
              100, 1) if is_known(value) else None
        for value in (change.low, change.difference, change.high)
    ]


def _drawing(name: str, drawn: Drawn) -> Dict[str, Any]:
    width = 72 * drawn.figure.get_size_inches()[0]
    svg = inline_svg(drawn.figure, name, drawn.caption)
    return dict(
        caption=drawn.caption,
        svg=Markup(svg),  # escaped by the XML writer
        width=round(SCALE * width))


def _runs_table(summary: Summary) -> Table:
    rows = []
    for run in summary.runs.itertuples():
        config = [
            run.config if isinstance(run.config, str) else 'none',
            *switch_words(run.with_files, run.cr_switch)
        ]
        options = [f'{key}={value}' for key, value in run.options.items()]
        rows.append({
            'Run': clean(run.name, 200),
            'State': STATES[run.state].words,
            'Overall': NUMBERS['overall'].cell(run.overall),
            'Seconds': NUMBERS['seconds'].cell(run.seconds),
            'Config': clean(' '.join(config), 400),
            'Options': clean(' '.join(options), 300)
        })
    return Table('Runs', pd.DataFrame(rows), 'llrrlw')


def _states(summary: Summary) -> Dict[str, int]:
    """How many runs stand how, in words; what needs a look comes first."""
    counts = summary.runs.state.value_counts()
    return {
        state.words: int(counts[key])
        for key, state in STATES.items() if key in counts
    }


def _protocol(summary: Summary) -> List[Tuple[str, List[Any]]]:
    """The protocol as the finished runs state it."""
    runs = summary.runs
    rows = [
        ('Length', [_length(summary)] if _length(summary) else []),
        ('Evaluated during training on split',
         distinct(runs, _of_protocol('selection_split'))),
        ('Groups of classes', distinct(runs, _groups)),
        ('CR', distinct(runs, _regularization)),
    ]
    planned = summary.matrix.get('protocol') or {}
    if planned:
        rows.append(('Protocol of the paper',
                     [f'{key}: {value}' for key, value in planned.items()]))
    return rows


def _provenance(summary: Summary) -> List[Tuple[str, List[Any]]]:
    """Code, versions, machines and training images of the finished runs."""
    rows = [
        ('Matrix', [summary.matrix['file']]),
        ('Collected', [summary.matrix['created']]),
        ('Code', distinct(summary.runs, code_text)),
        ('Packages',
         distinct(
             summary.runs, lambda record: ', '.join(
                 f'{name} {version}'
                 for name, version in record['packages'].items()))),
        ('Machine', distinct(summary.runs, machine_text)),
    ]
    for label, own in summary.runs.groupby('data', sort=False):
        splits = distinct(own, _split_text)
        if splits:
            rows.append((f'Train split of {label}', splits))
    return rows


def _texts(rows: List[Tuple[str, List[Any]]]) -> List[Tuple[str, str]]:
    return [(clean(label), clean('; '.join(map(str, values)), 2000)
             or 'not known') for label, values in rows]


def _of_protocol(key: str):
    return lambda record: record['protocol'].get(key)


def _length(summary: Summary) -> str:
    """'200 epochs', all different ones."""
    found = [(unit, sorted(distinct(summary.runs, _of_protocol(unit))))
             for unit in ('epochs', 'iters')]
    return ', '.join(f'{listing(f"{n:,}" for n in lengths)} {unit}'
                     for unit, lengths in found if lengths)


def _limits(summary: Summary) -> Dict[str, str]:
    """Bounds of the groups of classes, all different ones."""
    return {
        key: listing(map(str, distinct(summary.runs, _of_protocol(key))))
        or '?'
        for key in ('head_above', 'tail_below')
    }


def _groups(record: Dict[str, Any]) -> Optional[str]:
    above, below = (
        record['protocol'].get(key) for key in ('head_above', 'tail_below'))
    if above is None or below is None:
        return None
    return (f'head: more than {above} training images, middle: {below} to '
            f'{above}, tail: fewer than {below}')


def _regularization(record: Dict[str, Any]) -> Optional[str]:
    return ', '.join(f'{key}: {value}'
                     for key, value in (record.get('cr') or {}).items()
                     if value is not None and value != {}) or None


def _split_text(record: Dict[str, Any]) -> str:
    split = record.get('split')
    if not split:
        return 'not recorded'
    counts = split['class_counts']
    return (f'{sum(counts):,} images of '
            f'{plural(len(counts), "class", "classes")}, {max(counts):,} to '
            f'{min(counts):,} each, fingerprint {split["fingerprint"]}')
