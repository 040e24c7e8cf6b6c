# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of a collection as LaTeX."""
import re
from typing import Any, Dict

from .all_tables import all_tables
from .text_table import TextTable, one_line

ESCAPES = {
    '\\': r'\textbackslash{}',
    '{': r'\{',
    '}': r'\}',
    '&': r'\&',
    '%': r'\%',
    '$': r'\$',
    '#': r'\#',
    '_': r'\_',
    '^': r'\textasciicircum{}',
    '~': r'\textasciitilde{}',
    '<': r'$<$',
    '>': r'$>$',
    '|': r'\textbar{}',
    '"': "''",
    '±': r'$\pm$',
    '−': r'$-$',
    '–': '--',
    '†': r'$\dagger$',
    '’': "'",
    '…': r'\dots{}',
    '\u00a0': '~',
}
COLUMNS = dict(l='l', r='r', w='p{5cm}')
HEADER = ('% Needs \\usepackage{booktabs}. Wide tables fit with \\small or a '
          'landscape page.')


def latex_tables(collection: Dict[str, Any],
                 summary: Dict[str, Any],
                 best: bool = False) -> str:
    """All tables of a collection, to be put into a document.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.
        best (bool): Show the best epoch as well. Defaults to False.

    Returns:
        str: ``table`` environments in the style of booktabs.
    """
    origin = one_line(f'{collection["command"]}, {collection["created"]}')
    parts = [HEADER, f'% Made by {origin}.']
    parts += [
        latex_table(table) for table in all_tables(collection, summary, best)
    ]
    return '\n\n'.join(parts) + '\n'


def latex_table(table: TextTable) -> str:
    """A table with its title as caption and its note below.

    Args:
        table (TextTable): Of texts.

    Returns:
        str: A ``table`` environment.
    """
    lines = [' & '.join(map(escaped, row)) + r' \\' for row in table.rows]
    columns = ''.join(COLUMNS[letter] for letter in table.align)
    note = [rf'\par\smallskip\footnotesize {escaped(table.note)}']
    return '\n'.join([
        r'\begin{table}', r'\centering',
        rf'\caption{{{escaped(table.title)}}}',
        rf'\begin{{tabular}}{{{columns}}}', r'\toprule',
        ' & '.join(map(escaped, table.columns)) + r' \\', r'\midrule', *lines,
        r'\bottomrule', r'\end{tabular}', *(note if table.note else []),
        r'\end{table}'
    ])


def escaped(text: str) -> str:
    """A text that LaTeX prints as it is, on one line.

    Args:
        text (str): Any.

    Returns:
        str: With commands for what LaTeX would take for its own.
    """
    line = ''.join(
        ESCAPES.get(character, character) for character in one_line(text))
    return re.sub(r"(^|[ (])''", r'\1``', line)  # opening quotation marks
