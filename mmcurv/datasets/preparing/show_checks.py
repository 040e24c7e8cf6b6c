# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checks as lines for the terminal."""
from typing import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .checks import Check, is_ready

MARKS = {
    'ok': ('ok', 'green'),
    'built': ('built', 'green'),
    'note': ('note', 'yellow'),
    'missing': ('missing', 'red'),
    'wrong': ('wrong', 'red'),
}


def show_checks(title: str, root: str,
                checks: Sequence[Check]) -> RenderableType:
    """What is there, what is not and what to do.

    Args:
        title (str): Name of the data set.
        root (str): Its folder.
        checks (Sequence[Check]): In the order of showing.

    Returns:
        RenderableType: For a ``rich`` console.
    """
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow='fold')
    for check in checks:
        word, style = MARKS[check.state]
        table.add_row(Text(word, style), Text(check.name), Text(check.found))
    parts = [Text(f'{title} in {root}', style='bold'), Text(), table]
    remedies = {}
    for check in checks:
        if check.remedy:
            remedies.setdefault(check.remedy, []).append(check.name)
    if remedies:
        parts += [Text(), Text('What to do', style='bold')]
    for remedy, names in remedies.items():
        parts.append(Text(', '.join(names)))
        parts.append(Padding(Text(remedy, overflow='fold'), (0, 0, 0, 4)))
    return Group(*parts, Text(), _verdict(title, checks))


def _verdict(title: str, checks: Sequence[Check]) -> Text:
    if is_ready(checks):
        return Text(f'{title} is ready.', style='bold green')
    bad = sum(not check.good for check in checks)
    return Text(
        f'{title} is not ready: {bad} of {len(checks)} checks failed.',
        style='bold red')
