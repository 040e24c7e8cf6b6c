# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs without a record, with the reason in full."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import clean
from .run_facts import STATE_WORDS


def missing_runs(collection: Dict[str, Any]) -> List[dict]:
    """Runs that are not done, those with the same reason together.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[dict]: ``state`` in words, ``reason`` and ``runs`` (names);
        failed ones first.
    """
    found: Dict[tuple, List[str]] = {}
    for run in collection['runs']:
        if run['state'] != 'done':
            key = (run['state'], str(run['reason'] or ''))
            found.setdefault(key, []).append(clean(run['name'], 200))
    order = list(STATE_WORDS)
    return [
        dict(
            state=STATE_WORDS.get(state, clean(state)),
            failed=state == 'failed',
            # Lines of a traceback stay lines.
            reason='\n'.join(
                clean(line, 2000) for line in reason.splitlines()),
            runs=names) for (state, reason), names in sorted(
                found.items(), key=lambda item: _place(order, item[0][0]))
    ]


def _place(order: List[str], state: str) -> int:
    return order.index(state) if state in order else len(order)
