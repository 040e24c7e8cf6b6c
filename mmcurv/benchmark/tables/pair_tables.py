# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tables of what CR changed, seed by seed."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import ABSENT, clean, probability
from mmcurv.benchmark.figures.figure_runs import data_label
from .mean_text import with_interval
from .result_tables import NUMBERS, method_label
from .text_table import TextTable

SHOWN = ('overall', 'tail', 'variance', 'correlation')
COLUMNS = ('Method', 'Number', 'With CR − without', 'Pairs', 'p', 'p, Holm',
           'Up / down / equal')
NOTE = (
    'Runs with CR and runs without CR or variant, paired by seed: mean '
    'difference ± half of its 95 % interval, accuracies in points. p is of '
    'the paired t-test; Holm corrects it for all pairs of this collection. '
    'p is unknown if all differences are equal.')


def pair_tables(summary: Dict[str, Any]) -> List[TextTable]:
    """Differences of the main numbers, a table for each data set.

    Args:
        summary (dict): Of a collection.

    Returns:
        list[TextTable]: In the order of the matrix; none without pairs. Of a
        pair that no seed has yet, overall accuracy alone is named.
    """
    name = method_label(summary['pairs'])
    rows: Dict[tuple, List[List[str]]] = {}
    for pair in summary['pairs']:
        own = rows.setdefault((pair['dataset'], pair['imbalance_factor']), [])
        for key in SHOWN:
            entry = pair['metrics'][key]
            if entry['n'] or key == SHOWN[0]:
                own.append([name(pair), *_row(key, entry)])
    return [
        TextTable(f'What CR changed: {clean(data_label(*data))}', COLUMNS, own,
                  'llrrrrr', NOTE) for data, own in rows.items()
    ]


def _row(key: str, entry: Dict[str, Any]) -> List[str]:
    number = NUMBERS[key]
    if not entry['n']:
        return [number.label, ABSENT, '0', ABSENT, ABSENT, ABSENT]
    return [
        number.label,
        with_interval(entry, number.show_change, 'difference'),
        str(entry['n']),
        probability(entry['p']),
        probability(entry['p_holm']),
        f'{entry["positive"]} / {entry["negative"]} / {entry["zero"]}'
    ]
