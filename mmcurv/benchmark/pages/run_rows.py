# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every run of a matrix as a row of texts."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import clean, fixed
from mmcurv.benchmark.collecting.metrics import run_metrics
from mmcurv.benchmark.matrix import switch_words
from .run_facts import STATE_WORDS


def run_rows(collection: Dict[str, Any]) -> List[Dict[str, str]]:
    """The runs in the order of the matrix.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[dict]: ``name``, ``state``, ``overall``, ``seconds``, ``config``
        and ``options``.
    """
    rows = []
    for run in collection['runs']:
        done = run['state'] == 'done'
        numbers = run_metrics(run['record']) if done else {}
        options = [f'{key}={value}' for key, value in run['options'].items()]
        config = ' '.join([
            run['config'] or 'none',
            *switch_words(run['with_files'], run['cr_switch'])
        ])
        rows.append(
            dict(
                name=clean(run['name'], 200),
                state=STATE_WORDS.get(run['state'], clean(run['state'])),
                overall=fixed(2)(numbers.get('overall')),
                seconds=fixed(0)(numbers.get('seconds')),
                config=clean(config, 400),
                options=clean(' '.join(options), 300)))
    return rows
