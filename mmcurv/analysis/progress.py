# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How long work tells that it advances, without knowing who listens."""
from typing import Callable

# Called with what is being done, how many steps are done, and of how many.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
