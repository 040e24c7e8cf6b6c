# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Results that are kept as they come, so that work goes on where it was."""
import hashlib
import json
import os
import os.path as osp
from typing import Any, Callable, Optional

import numpy as np

from .reopened import reopened


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
