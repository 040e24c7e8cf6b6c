# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of a collection: frames of texts, as Markdown, LaTeX and CSV.

Every output shows the same frames, so that no two say different things of one
cell: Markdown, LaTeX, the terminal and the page. The CSV has the numbers.
"""
import functools
import os.path as osp
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import jinja2
import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from mmcurv.numbers import (ABSENT, ACCURACIES, NUMBERS, clean, fixed,
                            is_known, listing, probability, signed)
from . import paper
from .collect import (BETTER, LEVEL, OUTCOMES, UNCLEAR, UNKNOWN, WORSE,
                      Summary, cell_key, distinct)
from .paper import METRIC, NOT_REPRODUCED, REPRODUCED, VERDICTS, data_label
from .run_folder import STATES

SHOWN = ('overall', 'head', 'middle', 'tail', 'worst_class', 'variance',
         'correlation')
TESTED = ('overall', 'tail', 'variance', 'correlation')
GLANCED = ('overall', 'head', 'middle', 'tail', 'variance',
           'log_curvature_variance', 'log_correlation')
TEMPLATES = osp.join(osp.dirname(osp.abspath(__file__)), 'templates')
DOUBTFUL = '†'
NAMES = 3  # of runs, in a cell
LONGEST = 4000  # characters
TONES = {
    BETTER: 'better',
    WORSE: 'worse',
    REPRODUCED: 'better',
    NOT_REPRODUCED: 'worse'
}


class Table(NamedTuple):
    """A table of texts."""
    title: str
    frame: pd.DataFrame  # texts under headings
    align: str  # a letter for each column: 'l' short texts, 'w' sentences,
    # 'r' numbers
    note: str = ''  # what a reader must know
    changes: Sequence[Any] = ()  # of each row its difference, or None


@functools.lru_cache(maxsize=None)
def note(name: str) -> str:
    """A note of ``templates/notes.txt.j2``: 'units', 'paired', 'clear' or
    'paper'."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined)
    values = dict(vars(paper), note=name, level=LEVEL, doubtful=DOUBTFUL)
    text = environment.get_template('notes.txt.j2').render(values)
    return re.sub(r'\s*\n\s*', ' ', text).strip()


def all_tables(summary: Summary, best: bool = False) -> List[Table]:
    """Every table, in the order in which it is read: overall accuracy, what
    CR changed, the paper, the numbers of each data set (on request those of
    the best epoch as well), and what is not done."""
    return [
        overview_table(summary), *glance_tables(summary),
        *(number_table(summary, key)
          for key in TESTED if key == TESTED[0] or has(summary, key)),
        *paper_tables(summary), *detail_tables(summary),
        *(detail_tables(summary, 'best') if best else []),
        *open_tables(summary)
    ]


def has(summary: Summary, key: str) -> bool:
    """Whether some cell has a number."""
    return bool((summary.means[summary.means.metric == key].n > 0).any())


def overview_table(summary: Summary) -> Table:
    """Overall accuracy, as in the paper's tables: methods by data sets. A
    cell that the matrix does not have is empty."""
    name, rows = row_label(summary), {}
    for cell in _cells(summary, 'overall'):
        rows.setdefault(name(cell), {})[clean(cell.data)] = mean_text(cell)
    frame = pd.DataFrame.from_dict(rows, 'index').fillna('')
    title = ' '.join(filter(None, ['Overall accuracy', main_words(summary)]))
    return Table(title,
                 frame.rename_axis('Method').reset_index(),
                 'l' + 'r' * frame.shape[1], note('units'))


def detail_tables(summary: Summary, evaluation: str = 'main') -> List[Table]:
    """The numbers of every method in the 'main' or 'best' evaluation, a table
    for each data set in the order of the matrix."""
    # Curvature was measured after the last epoch.
    shown = [key for key in SHOWN if evaluation == 'main' or key in ACCURACIES]
    name, words = row_label(summary), main_words(summary, evaluation)
    rows: Dict[str, Dict[str, dict]] = {}
    for key in shown:
        for cell in _cells(summary, key, evaluation):
            row = rows.setdefault(cell.data, {}).setdefault(
                name(cell), dict(Method=name(cell)))
            row[NUMBERS[key].label] = mean_text(cell)
    return [
        Table(', '.join(filter(None, [clean(data), words])),
              pd.DataFrame(list(own.values())), 'l' + 'r' * len(shown),
              note('units')) for data, own in rows.items()
    ]


def number_table(summary: Summary, key: str) -> Table:
    """One number without and with CR, and what CR changed, seed by seed.

    A row for each method, model, variant and data set. A changed run without
    CR has a row of its own, without a difference.
    """
    cells = {cell_key(cell): cell for cell in _cells(summary, key)}
    own = summary.differences[summary.differences.metric == key]
    changes = {cell_key(change): change for change in own.itertuples()}
    rows, drawn = [], []
    places = dict.fromkeys((method, *rest) for method, _, *rest in cells)
    for method, data, model, variant in places:
        named = dict(Data=data, Method=method, Model=model, Variant=variant)
        plain = (method, False, data, model, '')
        changed = (method, False, data, model, variant)
        cr = (method, True, data, model, variant)
        if variant and changed in cells:
            rows.append(_number_row(named, cells[changed], None, None))
            drawn.append(None)
        if not variant or cr in cells:
            change = changes.get(cr)
            rows.append(
                _number_row(named, cells.get(plain), cells.get(cr), change))
            drawn.append(change)
    frame = pd.DataFrame(rows)
    alike = [
        column for column in ('Data', 'Model', 'Variant')
        if frame[column].nunique() == 1
    ]
    frame = frame.drop(columns=alike)
    return Table(f'{NUMBERS[key].label}: what CR changed', frame,
                 'l' * (4 - len(alike)) + 'rrrrrrll', note('paired'), drawn)


def _number_row(named: Dict[str, str], plain: Any, cr: Any,
                change: Any) -> Dict[str, str]:
    row = {key: clean(text, 60) for key, text in named.items()}
    row.update({'Without CR': mean_text(plain), 'With CR': mean_text(cr)})
    texts = [''] * 6  # the cells say why there is no difference
    if change is not None and change.n:
        texts = [
            change_text(change),
            str(change.n),
            probability(change.p),
            probability(change.p_holm),
            f'{change.positive} / {change.negative} / {change.zero}',
            change.outcome
        ]
    return dict(
        row,
        **dict(
            zip(('Difference', 'Pairs', 'p', 'p, Holm', 'Up / down / equal',
                 'Outcome'), texts)))


def glance_tables(summary: Summary) -> List[Table]:
    """How many comparisons have each outcome, for the main numbers; no table
    if no difference is known."""
    rows = []
    for key in GLANCED:
        counts = outcome_counts(summary, key)
        if sum(counts.values()) > counts[UNKNOWN]:
            rows.append(dict(Number=NUMBERS[key].label, **counts))
    if not rows:
        return []
    frame = pd.DataFrame(rows)
    told = [
        name for name in OUTCOMES
        if name in (BETTER, WORSE, UNCLEAR) or frame[name].any()
    ]
    frame = frame[['Number', *told]].astype(str)
    return [
        Table('With CR against without: comparisons by outcome',
              frame.rename(columns=str.capitalize), 'l' + 'r' * len(told),
              note('clear'))
    ]


def outcome_counts(summary: Summary, key: str) -> Dict[str, int]:
    """How many differences of a number have each of ``OUTCOMES``."""
    own = summary.differences
    found = list(own.outcome[own.metric == key])
    return {name: found.count(name) for name in OUTCOMES}


def paper_tables(summary: Summary) -> List[Table]:
    """The paper's numbers, and its gains by CR, each with a verdict; none if
    the matrix names no table of the paper."""
    tables = []
    for kind, title in (('value', '{} of the paper'), ('gain',
                                                       'Gains by CR in {}')):
        rows = summary.paper[summary.paper.kind == kind]
        if len(rows):
            title = title.format(', '.join(rows.table.unique()))
            tables.append(
                Table(
                    f'{title}: {verdict_words(rows)}',
                    pd.DataFrame(
                        [_paper_row(row) for row in rows.itertuples()]),
                    'llllrrrlw', note('paper')))
    return tables


def verdict_words(rows: pd.DataFrame) -> str:
    """How many rows have each verdict, '3 reproduced, 53 not run'."""
    counts = rows.verdict.value_counts()
    return ', '.join(f'{counts[name]} {name}' for name in VERDICTS
                     if name in counts)


def _paper_row(row: Any) -> Dict[str, str]:
    ours = NUMBERS[METRIC.get(row.metric, row.split)]
    gain = row.kind == 'gain'
    show = ours.cell_change if gain else ours.cell
    printed = show
    if row.metric == 'top1':  # the paper prints one decimal
        printed = (lambda value: signed(value, 1)) if gain else fixed(1)
    doubt = f'{DOUBTFUL} {row.doubtful}' if row.doubtful else ''
    return {
        'Method': clean(row.method + ' + CR' * bool(row.cr)),
        'Data': data_label(row.dataset, row.imbalance_factor),
        'Model': row.model,
        'Number': ours.label,
        'Paper': printed(row.value) + f' {DOUBTFUL}' * bool(row.doubtful),
        'Ours': with_interval(row.mean, row.low, row.high, show),
        'Seeds': str(row.n),
        'Verdict': row.verdict,
        'Reason': clean('; '.join(filter(None, [row.reason, doubt])), 800)
    }


def open_tables(summary: Summary) -> List[Table]:
    """Runs that are not done, those with the same reason together, what needs
    a look first on top; no table if all are."""
    own = summary.runs[summary.runs.state != 'done']
    if own.empty:
        return []
    rows = []
    own = own.fillna(dict(reason=''))
    for (state, reason), runs in own.groupby(['state', 'reason'], sort=False):
        names = [clean(name, 200) for name in runs.name[:NAMES]]
        more = len(runs) - NAMES
        rows.append(
            dict(
                State=STATES[state].words,
                Reason=clean_lines(reason),
                Runs=str(len(runs)),
                Names='; '.join(names) + f' and {more:,} more' * (more > 0)))
    order = [state.words for state in STATES.values()]
    rows.sort(key=lambda row: order.index(row['State']))
    return [Table('Runs that do not count', pd.DataFrame(rows), 'lwrw')]


def clean_lines(text: str) -> str:
    """A text that can be printed, whose lines stay lines."""
    return '\n'.join(clean(line, 2000) for line in str(text).splitlines())


def row_label(summary: Summary, cr: bool = True) -> Callable[[Any], str]:
    """A way to name rows by what differs among them: 'CE', 'CE + CR',
    'CE + CR, VGG-16', 'CE + CR: tau=10'; without ``cr`` CR goes unsaid."""
    models = summary.runs.model.nunique() > 1

    def label(row: Any) -> str:
        text = row.method + (' + CR' if cr and row.cr else '')
        text += f', {row.model}' if models else ''
        return clean(f'{text}: {row.variant}' if row.variant else text)

    return label


def mean_text(row: Optional[Any]) -> str:
    """What stands in a table for one row of the means of a summary.

    '67.32 ± 2.41 (n = 3)'; '67.32 ± 9.10 (2 of 3 seeds)' where some are
    missing; else how its runs stand, and a dash if they are done and the
    number does not exist.
    """
    if row is None:
        return 'not planned'
    if not row.n:
        return ABSENT if row.state == 'done' else STATES[row.state].words
    text = with_interval(row.mean, row.low, row.high, NUMBERS[row.metric].cell)
    seeds = f'n = {row.n}' if row.n == row.planned else (
        f'{row.n} of {row.planned} seeds')
    return f'{text} ({seeds})'


def change_text(row: Any) -> str:
    """'+1.20 ± 0.52', a dash where no pair is known."""
    show = NUMBERS[row.metric].cell_change
    return with_interval(row.difference, row.low, row.high, show)


def with_interval(middle: float, low: float, high: float,
                  show: Callable) -> str:
    """'67.3 ± 2.4', or the middle alone where there is no interval."""
    if not (is_known(low) and is_known(high)):
        return show(middle)
    return f'{show(middle)} ± {show((high - low) / 2).removeprefix("+")}'


def main_words(summary: Summary, evaluation: str = 'main') -> str:
    """After which epoch the numbers were measured; '' if no run is done."""

    def words(record: Dict[str, Any]) -> str:
        protocol = record['protocol']
        which = protocol['main'] if evaluation == 'main' else evaluation
        if which == 'last':
            return 'after the last epoch'
        return ('after the best epoch, chosen on the '
                f'{protocol["selection_split"]} set by {protocol["best_by"]}')

    return listing(distinct(summary.runs, words))


def _cells(summary: Summary, key: str, evaluation: str = 'main') -> List[Any]:
    own = summary.means
    return list(own[(own.metric == key)
                    & (own.evaluation == evaluation)].itertuples())


def long_table(summary: Summary) -> pd.DataFrame:
    """All numbers of a collection, one a row, unrounded.

    ``kind`` is 'mean', 'difference' (with CR minus without), 'paper' (a number
    of the paper, whose ``value`` is printed there, and ours) or 'paper gain'.
    What a kind does not have is empty; lists have blanks between entries.
    """
    numbers = summary.means.assign(kind='mean')
    changes = summary.differences.assign(
        kind='difference', cr=True).rename(columns=dict(difference='mean'))
    paper = summary.paper.replace(
        dict(kind=dict(value='paper', gain='paper gain')))
    frames = [frame for frame in (numbers, changes, paper) if len(frame)]
    table = pd.concat(frames, ignore_index=True).drop(columns='data')
    for column in ('seeds', 'values'):
        table[column] = table[column].map(
            lambda found: ' '.join(map(repr, found)), na_action='ignore')
    columns = [
        'kind', 'table', 'method', 'cr', 'dataset', 'imbalance_factor',
        'model', 'variant', 'tau', 'evaluation', 'metric', 'split', 'mean',
        'low', 'high', 'n', 'planned', 'state', 'p', 'p_holm', 'positive',
        'negative', 'zero', 'outcome', 'value', 'doubtful', 'verdict',
        'reason', 'seeds', 'values'
    ]
    whole = ['n', 'planned', 'positive', 'negative', 'zero']
    table = table.reindex(columns=columns)
    return table.astype({column: 'Int64' for column in whole})


def markdown(summary: Summary, best: bool = False) -> str:
    """All tables of a collection, on request with the best epoch, too."""
    matrix = summary.matrix
    parts = [f'# {escaped(matrix["title"])}']
    parts += [escaped(part) for part in paragraphs(matrix.get('about'))]
    parts.append(f'Made by {escaped(matrix["command"])}, '
                 f'{escaped(matrix["created"])}.')
    if summary.warnings:
        parts.append('\n'.join(f'- Warning: {escaped(warning["message"])}'
                               for warning in summary.warnings))
    tables = all_tables(summary, best)
    for table, following in zip(tables, [*tables[1:], None]):
        # Tables of one kind follow each other and share one note.
        if following and following.note == table.note:
            table = table._replace(note='')
        parts += [f'## {escaped(table.title)}', *markdown_table(table)]
    return '\n\n'.join(parts) + '\n'


def markdown_table(table: Table) -> List[str]:
    """A table as its rows and its note: blocks for empty lines between."""
    rules = ['--:' if letter == 'r' else ':--' for letter in table.align]
    lines = [[escaped(name) for name in table.frame], rules]
    lines += [map(escaped, row) for row in table.frame.values]
    text = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
    return [text, escaped(table.note)] if table.note else [text]


def escaped(text: str) -> str:
    """A text that is no Markdown: names and reasons may hold anything."""
    return re.sub(r'([\\`*_\[\]<>|#$])', r'\\\1', one_line(text))


def one_line(text: str) -> str:
    """A text without line breaks and what cannot be printed."""
    return clean(re.sub(r'[ \t\r\n]+', ' ', str(text)).strip(), LONGEST)


def paragraphs(text: Optional[str]) -> List[str]:
    """Paragraphs of a text, each on one line."""
    parts = (one_line(part) for part in str(text or '').split('\n\n'))
    return [part for part in parts if part]


LATEX = dict(
    zip(
        map(ord, '\\{}&%$#_^~<>|"±−–†’“”…\u00a0'),
        (r'\textbackslash{} \{ \} \& \% \$ \# \_ \textasciicircum{} '
         r"\textasciitilde{} $<$ $>$ \textbar{} '' $\pm$ $-$ -- $\dagger$ ' "
         r"`` '' \dots{} ~").split(' ')))


def latex(summary: Summary, best: bool = False) -> str:
    """All tables of a collection as LaTeX in the style of booktabs."""
    matrix = summary.matrix
    made = one_line(f'{matrix["command"]}, {matrix["created"]}')
    parts = [
        '% Needs \\usepackage{booktabs}. Wide tables fit with \\small or a '
        'landscape page.', f'% Made by {made}.'
    ]
    return '\n\n'.join(
        parts + [latex_table(table)
                 for table in all_tables(summary, best)]) + '\n'


def latex_table(table: Table) -> str:
    """A table with its title as caption and its note below."""
    letters = dict(l='l', r='r', w='p{5cm}')
    rows = [[latex_text(text) for text in row] for row in
            [list(table.frame), *table.frame.values]]  # yapf: disable
    head, *lines = (' & '.join(row) + r' \\' for row in rows)
    note = rf'\par\smallskip\footnotesize {latex_text(table.note)}'
    return '\n'.join([
        r'\begin{table}', r'\centering',
        rf'\caption{{{latex_text(table.title)}}}',
        rf'\begin{{tabular}}{{{"".join(map(letters.get, table.align))}}}',
        r'\toprule', head, r'\midrule', *lines, r'\bottomrule',
        r'\end{tabular}', *([note] if table.note else []), r'\end{table}'
    ])


def latex_text(text: str) -> str:
    """A text that LaTeX prints as it is, on one line."""
    line = one_line(text).translate(LATEX)
    return re.sub(r"(^|[ (])''", r'\1``', line)  # opening quotation marks


def terminal(summary: Summary) -> RenderableType:
    """Overall accuracy, what CR did to it, verdicts and warnings."""
    counts = summary.runs.state.value_counts(sort=False)
    parts = [
        Text(clean(summary.matrix['title']), style='bold'),
        Text('Runs: ' + ', '.join(f'{n:,} {STATES[state].words}'
                                  for state, n in counts.items()))
    ]
    for table in (overview_table(summary), number_table(summary, 'overall')):
        drawn = RichTable(
            title=Text(table.title),
            title_justify='left',
            box=box.SIMPLE,
            pad_edge=False)
        for heading, letter in zip(table.frame, table.align):
            drawn.add_column(
                Text(heading),
                justify='right' if letter == 'r' else 'left',
                overflow='fold')
        for row in table.frame.values:
            drawn.add_row(*map(Text, row))
        parts.append(drawn)
    parts += [Text(clean(table.title)) for table in paper_tables(summary)]
    for warning in summary.warnings:
        parts.append(
            Text('Warning: ', style='yellow').append(
                clean(warning['message'], 600), style='default'))
    return Group(*parts)
