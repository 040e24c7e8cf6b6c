# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From which epoch the main numbers are, in words."""
from typing import Any, Dict

from mmcurv.audit.report.numbers import listing


def main_words(collection: Dict[str, Any]) -> str:
    """Say after which epoch the main numbers were measured.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        str: 'after the last epoch', or 'after the best epoch, chosen on the
        test set by overall'; both if the runs differ, '' if none is done.
    """
    found = dict.fromkeys(
        _words(run['record']['protocol']) for run in collection['runs']
        if run['state'] == 'done')
    return listing(found)


def best_words(collection: Dict[str, Any]) -> str:
    """Say how the best epochs were chosen.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        str: 'after the best epoch, chosen on the test set by overall'.
    """
    found = dict.fromkeys(
        _words(dict(run['record']['protocol'], main='best'))
        for run in collection['runs'] if run['state'] == 'done')
    return listing(found)


def _words(protocol: Dict[str, Any]) -> str:
    if protocol['main'] == 'last':
        return 'after the last epoch'
    return (f'after the best epoch, chosen on the '
            f'{protocol["selection_split"]} set by {protocol["best_by"]}')
