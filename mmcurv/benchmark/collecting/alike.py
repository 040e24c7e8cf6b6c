# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Only runs that are alike are averaged, or subtracted from each other."""
from typing import Any, Callable, Dict, List, Sequence, Tuple

Run = Dict[str, Any]
CELL = ('method', 'cr', 'dataset', 'imbalance_factor', 'model', 'variant')
REMEDY = ('Train one of them again like the other, or leave one out with '
          '--only')


def _fingerprint(run: Run) -> Any:
    return (run['record']['split'] or {}).get('fingerprint')


# What runs must share: in words, and where a run has it.
SPLIT = ('the fingerprint of the train split', _fingerprint)
PROTOCOL = ('the protocol', lambda run: run['record']['protocol'])
CONFIG = ('the hash of the config',
          lambda run: run['record']['config']['hash'])
VERSION = ('the schema version of the record',
           lambda run: run['record']['schema_version'])


def cell_key(entry: Dict[str, Any]) -> tuple:
    """What repetitions with other seeds share.

    Args:
        entry (dict): A run of a collection, or a cell of a summary.

    Returns:
        tuple: method, CR, data set, imbalance factor, model, variant.
    """
    return tuple(entry[name] for name in CELL)


def plain_key(key: tuple) -> tuple:
    """The cell that one with CR is compared with: no CR, no variant.

    Args:
        key (tuple): Of :func:`cell_key`.

    Returns:
        tuple: Another such key.
    """
    method, _, *data, _ = key
    return (method, False, *data, '')


def runs_by_cell(runs: Sequence[Run]) -> Dict[tuple, List[Run]]:
    """Runs that differ in the seed alone, together.

    Args:
        runs (Sequence[dict]): Of a collection.

    Returns:
        dict: Key of the cell to its runs, in their order.
    """
    cells: Dict[tuple, List[Run]] = {}
    for run in runs:
        cells.setdefault(cell_key(run), []).append(run)
    return cells


def check_alike(collection: Dict[str, Any]) -> None:
    """Refuse to average or to subtract unlike things.

    The finished runs of a cell must share train split, protocol, config and
    schema version; those with CR and those without that they are compared
    with, train split and protocol.

    Args:
        collection (dict): Runs of a matrix with their records.

    Raises:
        ValueError: If two runs do not; the message has their names and both
            values.
    """
    done = [run for run in collection['runs'] if run['state'] == 'done']
    cells = runs_by_cell(done)
    for key, runs in cells.items():
        for run in runs[1:]:
            _compare(runs[0], run, 'averaged',
                     (SPLIT, PROTOCOL, CONFIG, VERSION))
        plain = cells.get(plain_key(key))
        if runs[0]['cr'] and plain:
            _compare(plain[0], runs[0], 'compared', (SPLIT, PROTOCOL))


def _compare(first: Run, second: Run, verb: str,
             shared: Sequence[Tuple[str, Callable]]) -> None:
    for words, value in shared:
        a, b = value(first), value(second)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
            a, b = ({key: each.get(key) for key in keys} for each in (a, b))
        raise ValueError(
            f'{first["name"]!r} and {second["name"]!r} cannot be {verb}: '
            f'{words} is {a} in the first and {b} in the second. {REMEDY}.')
