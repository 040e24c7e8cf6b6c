# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A progress bar for work that reports how far it is."""
from contextlib import contextmanager
from typing import Callable, Iterator

from rich.console import Console
from rich.progress import (BarColumn, MofNCompleteColumn, Progress, TextColumn,
                           TimeElapsedColumn, TimeRemainingColumn)


@contextmanager
def progress_bar(
        console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A context whose value draws one bar for each title.

    Args:
        console (Console): Where to draw. Nothing moves if it is no terminal.

    Yields:
        Callable: To be called with a title, the steps done and all steps.
    """
    bars = {}
    with Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console) as progress:

        def watch(title: str, done: int, total: int) -> None:
            if title not in bars:
                bars[title] = progress.add_task(title, total=total)
            progress.update(bars[title], completed=done, total=total)

        yield watch
