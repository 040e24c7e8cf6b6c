# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every table of a collection, in the order in which it is read."""
from typing import Any, Dict, List

from .open_table import open_tables
from .pair_tables import pair_tables
from .paper_tables import paper_tables
from .result_tables import detail_tables, overview_table
from .text_table import TextTable


def all_tables(collection: Dict[str, Any],
               summary: Dict[str, Any],
               best: bool = False) -> List[TextTable]:
    """Every table of a collection.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.
        best (bool): Show the best epoch as well. Defaults to False.

    Returns:
        list[TextTable]: Overall accuracy, what CR changed, the paper, the
        numbers of each data set, on request those of the best epoch, and what
        failed.
    """
    return [
        overview_table(collection, summary), *pair_tables(summary),
        *paper_tables(summary), *detail_tables(collection, summary),
        *(detail_tables(collection, summary, best=True) if best else []),
        *open_tables(collection)
    ]
