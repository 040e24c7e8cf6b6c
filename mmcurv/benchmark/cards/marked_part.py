# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The part of a document that a program writes, between two marks."""
from mmcurv.engine.config_options import UsageError

BEGIN, END = '<!-- results: begin -->', '<!-- results: end -->'


def replace_part(text: str, part: str, path: str) -> str:
    """Replace what stands between the two marks.

    Args:
        text (str): Markdown with one line ``BEGIN`` and, below, one ``END``.
        part (str): What shall stand between them.
        path (str): Of the document, for messages.

    Returns:
        str: All else as it was.

    Raises:
        UsageError: If a mark is missing, or there are several, or they stand
            in the wrong order.
    """
    lines = text.split('\n')
    places = [[i for i, line in enumerate(lines) if line.strip() == mark]
              for mark in (BEGIN, END)]
    found = [[str(i + 1) for i in place] for place in places]
    if [len(place) for place in places] != [1, 1] or places[0] > places[1]:
        begin, end = (', '.join(numbers) or 'none' for numbers in found)
        raise UsageError(
            f'{path}: expected the line {BEGIN!r} once and the line {END!r} '
            f'once below it, found the first in line {begin} and the second '
            f'in line {end}. Add both where the table of results shall '
            'stand; what is between them is written anew')
    (begin, ), (end, ) = places
    return '\n'.join([*lines[:begin + 1], part, *lines[end:]])
