# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The parts of a document that a program writes, between two marks."""
from mmcurv.engine.config_options import UsageError

RESULTS = 'results'


def marks(name: str) -> tuple:
    """The two lines around a part.

    Args:
        name (str): Of the part.

    Returns:
        tuple[str, str]: Lines of Markdown that are not shown.
    """
    return f'<!-- {name}: begin -->', f'<!-- {name}: end -->'


BEGIN, END = marks(RESULTS)


def replace_part(text: str, part: str, path: str, name: str = RESULTS) -> str:
    """Replace what stands between the two marks.

    Args:
        text (str): Markdown with the first mark on one line and, below, the
            second on another.
        part (str): What shall stand between them.
        path (str): Of the document, for messages.
        name (str): Of the part. Defaults to 'results'.

    Returns:
        str: All else as it was.

    Raises:
        UsageError: If a mark is missing, or there are several, or they stand
            in the wrong order.
    """
    lines, wanted = text.split('\n'), marks(name)
    places = [[i for i, line in enumerate(lines) if line.strip() == mark]
              for mark in wanted]
    found = [[str(i + 1) for i in place] for place in places]
    if [len(place) for place in places] != [1, 1] or places[0] > places[1]:
        begin, end = (', '.join(numbers) or 'none' for numbers in found)
        raise UsageError(
            f'{path}: expected the line {wanted[0]!r} once and the line '
            f'{wanted[1]!r} once below it, found the first in line {begin} '
            f'and the second in line {end}. Add both where the table of '
            'results shall stand; what is between them is written anew')
    (begin, ), (end, ) = places
    return '\n'.join([*lines[:begin + 1], part, *lines[end:]])
