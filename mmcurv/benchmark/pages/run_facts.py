# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What was run of a matrix, and by which protocol."""
from typing import Any, Callable, Dict, List, Optional, Tuple

from mmcurv.audit.report.numbers import ABSENT, clean, fixed, listing

MAIN = dict(
    last='after the last epoch; no epoch was chosen',
    best='of the best epoch, chosen on the images that it is reported on')
# In the order in which they are told: what needs a look first.
STATE_WORDS = {
    'failed': 'failed',
    'unreadable': 'unreadable',
    'other run': 'of another run',
    'running': 'running',
    'partial': 'not finished',
    'missing': 'not run',
    'no config': 'no config'
}


def done_records(collection: Dict[str, Any]) -> List[Tuple[dict, dict]]:
    """Finished runs, each with its record.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[tuple]: Run and record.
    """
    return [(run, run['record']) for run in collection['runs']
            if run['state'] == 'done']


def distinct(collection: Dict[str, Any], take: Callable[[dict],
                                                        Any]) -> List[Any]:
    """Different values in the records of the finished runs.

    Args:
        collection (dict): Runs of a matrix with their records.
        take (Callable): Record to a value that can be compared, or None.

    Returns:
        list: In the order in which they come, without None.
    """
    found: List[Any] = []
    for _, record in done_records(collection):
        value = take(record)
        if value is not None and value not in found:
            found.append(value)
    return found


def texts_of(rows: List[Tuple[str, List[Any]]]) -> List[Tuple[str, str]]:
    """Facts as they are printed; several values of one are all told.

    Args:
        rows (list[tuple]): Label and different values.

    Returns:
        list[tuple]: Label and text.
    """
    return [(clean(label), clean('; '.join(map(str, values)), 2000)
             or 'not known') for label, values in rows]


def run_cells(collection: Dict[str, Any]) -> List[Dict[str, str]]:
    """The strip on top of the page.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[dict]: ``label``, ``value``, ``note``.
    """
    states = [run['state'] for run in collection['runs']]
    rest = [
        f'{states.count(state):,} {words}'
        for state, words in STATE_WORDS.items() if state in states
    ]
    seeds = sorted({run['seed'] for run, _ in done_records(collection)})
    main = dict(last='Last epoch', best='Best epoch')
    hours = sum((record.get('cost') or {}).get('seconds') or 0
                for _, record in done_records(collection)) / 3600
    return [
        dict(
            label='Runs done',
            value=f'{states.count("done"):,} of {len(states):,}',
            note=', '.join(rest)),
        dict(
            label='Seeds',
            value=f'{len(seeds):,}',
            note=listing(map(str, seeds[:12])) + ' …' * (len(seeds) > 12)),
        dict(
            label='Main number',
            value=', '.join(
                main.get(name, clean(name))
                for name in distinct(collection, _protocol('main'))) or ABSENT,
            note=_length(collection)),
        dict(
            label='Training time',
            value=f'{fixed(1)(hours)}\u00a0h' if hours else ABSENT,
            note='of all runs together'),
    ]


def protocol_rows(collection: Dict[str, Any]) -> List[Tuple[str, str]]:
    """The protocol as the finished runs state it.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[tuple]: Label and text.
    """
    rows = [
        ('Main number', [
            MAIN.get(name, name)
            for name in distinct(collection, _protocol('main'))
        ]),
        ('Length', [_length(collection)] if _length(collection) else []),
        ('Evaluated during training on split',
         distinct(collection, _protocol('selection_split'))),
        ('Groups of classes', distinct(collection, _groups)),
        ('CR', distinct(collection, _regularization)),
    ]
    planned = collection['matrix'].get('protocol') or {}
    if planned:
        rows.append(('Protocol of the paper',
                     [f'{key}: {value}' for key, value in planned.items()]))
    return texts_of(rows)


def _protocol(key: str) -> Callable[[dict], Any]:
    return lambda record: record['protocol'].get(key)


def _length(collection: Dict[str, Any]) -> str:
    """'200 epochs', all different ones."""
    found = [(unit, sorted(distinct(collection, _protocol(unit))))
             for unit in ('epochs', 'iters')]
    return ', '.join(f'{listing(f"{n:,}" for n in lengths)} {unit}'
                     for unit, lengths in found if lengths)


def _groups(record: dict) -> Optional[str]:
    above, below = (
        record['protocol'].get(key) for key in ('head_above', 'tail_below'))
    if above is None or below is None:
        return None
    return (f'head: more than {above} training images, middle: {below} to '
            f'{above}, tail: fewer than {below}')


def _regularization(record: dict) -> Optional[str]:
    cr = record.get('cr')
    if not cr:
        return None
    return ', '.join(f'{key}: {value}' for key, value in cr.items()
                     if value is not None and value != {})
