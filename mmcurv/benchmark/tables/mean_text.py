# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A mean with its interval and its seeds, or why there is none."""
from typing import Any, Callable, Dict

from mmcurv.audit.report.numbers import ABSENT, clean, is_known

REASON = 80  # characters
# Without a finished run, the first state that a cell has is told.
STATES = {
    'failed': 'failed',
    'unreadable': 'failed',
    'other run': 'failed',
    'running': 'running',
    'partial': 'not finished',
    'missing': '',
    'no config': 'no config'
}


def with_interval(entry: Dict[str, Any],
                  show: Callable,
                  middle: str = 'mean') -> str:
    """'67.3 ± 2.4', or the mean alone where there is no interval.

    Args:
        entry (dict): ``low``, ``high`` and the middle.
        show (Callable): Number to text.
        middle (str): Its key. Defaults to 'mean'.

    Returns:
        str: A dash where the number is absent.
    """
    text = show(entry[middle])
    if not (is_known(entry['low']) and is_known(entry['high'])):
        return text
    half = show((entry['high'] - entry['low']) / 2)
    return f'{text} ± {half.removeprefix("+")}'


def mean_text(cell: Dict[str, Any], entry: Dict[str, Any],
              show: Callable) -> str:
    """What stands in a table for one number of a cell.

    Args:
        cell (dict): Of a summary.
        entry (dict): One of its metrics.
        show (Callable): Number to text.

    Returns:
        str: '67.3 ± 2.4 (n = 3)'; '67.3 ± 9.1 (2 of 3 seeds)' where some are
        missing; else as :func:`state_text`.
    """
    if not entry['n']:
        return state_text(cell)
    text = with_interval(entry, show)
    planned = sum(cell['states'].values())
    if entry['n'] < planned:
        return f'{text} ({entry["n"]} of {planned} seeds)'
    return f'{text} (n = {entry["n"]})'


def state_text(cell: Dict[str, Any]) -> str:
    """What stands in a table for a number that a cell does not have.

    Args:
        cell (dict): Of a summary.

    Returns:
        str: A dash if its runs are done, 'not run', 'failed (reason)',
        'not run (no config)', 'not run (running)'.
    """
    if cell['states'].get('done'):
        return ABSENT
    reason = why_not_run(cell)
    if reason.startswith('failed'):
        return reason
    return f'not run ({reason})' if reason else 'not run'


def why_not_run(cell: Dict[str, Any]) -> str:
    """Why a cell has no finished run.

    Args:
        cell (dict): Of a summary.

    Returns:
        str: 'failed (reason)', 'no config', 'running', 'not finished', or ''
        if it was not begun.
    """
    for state, words in STATES.items():
        if not cell['states'].get(state):
            continue
        if words == 'failed':
            reason = cell['reasons'][0] if cell['reasons'] else state
            return f'failed ({clean(reason, REASON)})'
        return words
    return ''
