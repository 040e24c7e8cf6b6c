# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a reader of the numbers has to know before believing them."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import clean, listing, plural
from .provenance_rows import train_splits
from .run_facts import distinct

FEW_SEEDS = 3


def collection_warnings(collection: Dict[str, Any],
                        summary: Dict[str, Any]) -> List[dict]:
    """What the page warns of.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection, with ``warnings``.

    Returns:
        list[dict]: ``message``, ``loud``, and ``runs``, the names of those
        that are meant.
    """
    return (_splits(collection) + _protocols(collection) +
            _failed(collection) + _seeds(collection) +
            [_warning(clean(text, 2000)) for text in summary['warnings']])


def _failed(collection: Dict[str, Any]) -> List[dict]:
    names = [
        run['name'] for run in collection['runs'] if run['state'] == 'failed'
    ]
    if not names:
        return []
    return [
        _warning(
            f'{plural(len(names), "run")} failed. The means are over the '
            'seeds that did not.', names)
    ]


def _splits(collection: Dict[str, Any]) -> List[dict]:
    return [
        _warning(
            f'The runs on {clean(label)} trained on {len(splits)} different '
            'sets of images. Their differences are not those of the methods '
            'alone.',
            loud=True) for label, splits in train_splits(collection).items()
        if len(splits) > 1
    ]


def _protocols(collection: Dict[str, Any]) -> List[dict]:
    found = []
    for key, words in (('main', 'take the main number from different epochs'),
                       ('selection_split',
                        'were evaluated on different splits'),
                       ('head_above', 'divide head and middle differently'),
                       ('tail_below', 'divide middle and tail differently'),
                       ('epochs', 'trained for different numbers of epochs')):
        values = distinct(collection,
                          lambda record: record['protocol'].get(key))
        if len(values) > 1:
            found.append(
                _warning(
                    f'The runs {words}: {listing(map(str, values))}.',
                    loud=key != 'epochs'))
    return found


def _seeds(collection: Dict[str, Any]) -> List[dict]:
    planned = len({run['seed'] for run in collection['runs']})
    if planned >= FEW_SEEDS:
        return []
    return [
        _warning(f'{plural(planned, "seed")}: too few to tell a difference '
                 'from luck.')
    ]


def _warning(message: str, runs=(), loud: bool = False) -> dict:
    return dict(message=message, loud=loud, runs=[clean(run) for run in runs])
