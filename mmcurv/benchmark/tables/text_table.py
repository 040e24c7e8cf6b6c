# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A table of texts, whatever it is then written as."""
import re
from typing import NamedTuple, Sequence

from mmcurv.audit.report.numbers import clean

LONGEST = 4000  # characters


class TextTable(NamedTuple):
    """A table of texts.

    Attributes:
        title (str): One line.
        columns (Sequence[str]): Headings.
        rows (Sequence[Sequence[str]]): As many texts each.
        align (str): A letter for each column: 'l' for short texts, 'w' for
            sentences, 'r' for numbers.
        note (str): What a reader must know to read it. Defaults to ''.
    """
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    align: str
    note: str = ''


def one_line(text: str) -> str:
    """A text without line breaks and what cannot be printed."""
    return clean(re.sub(r'[ \t\r\n]+', ' ', str(text)).strip(), LONGEST)
