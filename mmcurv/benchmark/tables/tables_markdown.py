# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of a collection as Markdown."""
import re
from typing import Any, Dict, Iterable, List

from .all_tables import all_tables
from .text_table import TextTable, one_line


def markdown_tables(collection: Dict[str, Any],
                    summary: Dict[str, Any],
                    best: bool = False) -> str:
    """All tables of a collection.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.
        best (bool): Show the best epoch as well. Defaults to False.

    Returns:
        str: Markdown, ending in a line break.
    """
    matrix = collection['matrix']
    parts = [f'# {_text(matrix["title"])}']
    if matrix.get('about'):
        parts.append('\n\n'.join(
            _text(part) for part in matrix['about'].split('\n\n')))
    parts.append(f'Made by {_text(collection["command"])}, '
                 f'{_text(collection["created"])}.')
    if summary['warnings']:
        parts.append('\n'.join(f'- Warning: {_text(line)}'
                               for line in summary['warnings']))
    tables = all_tables(collection, summary, best)
    for table, following in zip(tables, [*tables[1:], None]):
        # Tables of one kind follow each other and share one note.
        if following and following.note == table.note:
            table = table._replace(note='')
        parts += markdown_table(table)
    return '\n\n'.join(parts) + '\n'


def markdown_table(table: TextTable) -> List[str]:
    """A table as its heading, its rows and its note.

    Args:
        table (TextTable): Of texts.

    Returns:
        list[str]: Blocks to be parted by empty lines.
    """
    rules = ['--:' if letter == 'r' else ':--' for letter in table.align]
    lines = [_line(map(_text, table.columns)), _line(rules)]
    lines += [_line(map(_text, row)) for row in table.rows]
    note = [_text(table.note)] if table.note else []
    return [f'## {_text(table.title)}', '\n'.join(lines), *note]


def _line(cells: Iterable[str]) -> str:
    return f'| {" | ".join(cells)} |'


def _text(text: str) -> str:
    """A text that is no markup: names and reasons may hold anything."""
    return re.sub(r'([\\`*_\[\]<>|#$])', r'\\\1', one_line(text))
