# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One thing that a data root was asked for."""
from dataclasses import dataclass
from typing import Sequence

GOOD = ('ok', 'built', 'note')


@dataclass(frozen=True)
class Check:
    """What was looked for, what is there, and what to do.

    Attributes:
        name (str): What was looked for.
        state (str): 'ok', 'built' (made just now), 'note' (to be known, no
            obstacle), 'missing' or 'wrong'.
        found (str): What is there.
        remedy (str): What to do; '' for nothing.
    """
    name: str
    state: str
    found: str
    remedy: str = ''

    @property
    def good(self) -> bool:
        """bool: Whether it is no obstacle to a training."""
        return self.state in GOOD


def is_ready(checks: Sequence[Check]) -> bool:
    """Whether a training can start.

    Args:
        checks (Sequence[Check]): Of one data set.

    Returns:
        bool: False if one of them is missing or wrong.
    """
    return all(check.good for check in checks)
