# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Short names of rows: only what differs among them is said."""
from typing import Any, Callable, Dict, Sequence


def row_label(entries: Sequence[Dict[str, Any]]) -> Callable[[dict], str]:
    """A way to name the entries of one figure or table.

    Args:
        entries (Sequence[dict]): With ``method``, ``model`` and ``variant``.

    Returns:
        Callable: Entry to a text such as 'CE', 'CE, VGG-16' or
        'CE: tau=10'.
    """
    models = len({entry['model'] for entry in entries}) > 1

    def label(entry: dict) -> str:
        text = entry['method']
        if models:
            text += f', {entry["model"]}'
        return f'{text}: {entry["variant"]}' if entry['variant'] else text

    return label
