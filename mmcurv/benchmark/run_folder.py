# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How a run stands, by the files in its folder."""
from typing import Dict, NamedTuple


class State(NamedTuple):
    """One way in which a run can stand.

    Attributes:
        words (str): As tables and pages say it.
        style (str): Of rich, for terminals; '' for the usual one.
        is_open (bool): Whether a benchmark still has to train it.
        is_trouble (bool): Whether somebody has to look at it.
    """
    words: str
    style: str = ''
    is_open: bool = False
    is_trouble: bool = False


# In the order in which they are told; keys are those of kept collections.
STATES: Dict[str, State] = {
    'done': State('done', 'green'),
    'failed': State('failed', 'bold red', is_open=True, is_trouble=True),
    'unreadable': State('unreadable', 'bold red', is_trouble=True),
    'other run': State('of another run', 'bold red', is_trouble=True),
    'running': State('running', 'cyan', is_open=True),
    'waiting': State('waiting in the queue', 'cyan', is_open=True),
    'partial': State('not finished', 'yellow', is_open=True),
    'missing': State('not run', is_open=True),
    'no config': State('no config', 'dim'),
}
