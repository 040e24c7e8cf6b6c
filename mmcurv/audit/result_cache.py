# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Long work: how far it is, what of it is kept, and what it holds in memory.
"""
import contextlib
import hashlib
import json
import os
import os.path as osp
from typing import Any, Callable, Iterator, Optional

import numpy as np

# Called with what is being done, how many steps are done, and of how many.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def progress_bar(console: Any) -> Iterator[Progress]:
    """A context whose value draws one bar for each title.

    Args:
        console (Console): Where to draw. Nothing moves if it is no terminal.

    Yields:
        Callable: To be called with a title, the steps done and all steps.
    """
    from rich.progress import (BarColumn, MofNCompleteColumn, Progress,
                               TextColumn, TimeElapsedColumn,
                               TimeRemainingColumn)
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


def reopened(array: np.ndarray) -> np.ndarray:
    """The same values; those of a memory map in a map of their own.

    Pages of a map stay in memory until it is closed. Whoever reads a large
    one part by part opens it anew for each part, and so holds one part.

    Args:
        array (np.ndarray): Any array.

    Returns:
        np.ndarray: A read-only map of the same file if ``array`` is all of
        what was mapped, else ``array`` itself.
    """
    whole = (
        isinstance(array, np.memmap) and array.flags.c_contiguous
        and array.filename is not None and array.base is not None
        and not isinstance(array.base, np.ndarray))
    if not whole:
        return array
    return np.memmap(array.filename, array.dtype, 'r', array.offset,
                     array.shape)


class ResultCache:
    """Named results of one computation, appended to a file.

    The first line of the file names the key, each further one a result. A
    line that a killed process left unfinished is dropped.

    Args:
        path (str, optional): The file; one of another key is replaced.
            Defaults to None: results are kept in memory only.
        key (str): Hash of all that the results depend on. Defaults to ''.
    """

    def __init__(self, path: Optional[str] = None, key: str = '') -> None:
        self.path = path
        self._results = {}
        if path is None:
            return
        lines = _whole_lines(path)
        if lines and lines[0] == dict(key=key):
            self._results = {line['name']: line['value'] for line in lines[1:]}
        os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            for line in [dict(key=key)] + [
                    dict(name=name, value=value)
                    for name, value in self._results.items()
            ]:
                file.write(json.dumps(line) + '\n')

    def __contains__(self, name: str) -> bool:
        return name in self._results

    def __len__(self) -> int:
        return len(self._results)

    def get(self, name: str, compute: Callable[[], Any]) -> Any:
        """The result of that name, computed and kept if it is missing.

        Args:
            name (str): Its name.
            compute (Callable): Gives JSON values; nan is allowed.
        """
        if name not in self._results:
            value = compute()
            if self.path is not None:
                with open(self.path, 'a', encoding='utf-8') as file:
                    line = dict(name=name, value=value)
                    file.write(json.dumps(line) + '\n')
            self._results[name] = value
        return self._results[name]


def arrays_key(*arrays: Any, **values: Any) -> str:
    """SHA-256 over arrays and JSON values.

    Args:
        *arrays (np.ndarray): Any shape; memory maps are read in chunks.
        **values: JSON values.

    Returns:
        str: 64 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for array in arrays:
        digest.update(f'{array.shape} {array.dtype}'.encode())
        step = max(1, (1 << 24) // max(1, array[:1].nbytes))
        for start in range(0, len(array), step):
            part = reopened(array)[start:start + step]
            digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()


def _whole_lines(path: str) -> list:
    if not osp.isfile(path):
        return []
    lines = []
    with open(path, encoding='utf-8', errors='replace') as file:
        for text in file:
            try:
                lines.append(json.loads(text))
            except json.JSONDecodeError:
                break
    return lines
