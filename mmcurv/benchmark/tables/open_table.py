# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A table of the runs that are not done, with the reasons in full."""
from typing import Any, Dict, List

from .text_table import TextTable

NEVER_BEGUN = ('missing', 'no config')


def open_tables(collection: Dict[str, Any]) -> List[TextTable]:
    """Runs that have no record, other than those that were never begun.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[TextTable]: One, or none if there is no such run.
    """
    rows = [[run['name'], run['state'], run['reason'] or '']
            for run in collection['runs']
            if run['record'] is None and run['state'] not in NEVER_BEGUN]
    if not rows:
        return []
    return [
        TextTable('Runs that were begun and do not count',
                  ('Run', 'State', 'Reason'), rows, 'llw')
    ]
