# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of a card's row."""
from typing import Any, Dict, NamedTuple, Optional

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.engine.config_options import UsageError
from .card_rows import CardRow, KeptRuns, run_hash
from .metafile import MAIN_NUMBERS, ConfigEntry

METRIC = 'overall'
# What another matrix may name otherwise; here the row says it.
ONE_CELL = dict(
    method='',
    dataset='',
    imbalance_factor=None,
    model='',
    variant='',
    tau=None)


class CardNumbers(NamedTuple):
    """Overall accuracies of a row in per cent, as entries of a summary.

    Attributes:
        plain (dict, optional): ``mean``, ``low``, ``high``, ``n`` of the
            config; None without runs.
        cr (dict, optional): Of its twin.
        change (dict, optional): ``difference``, twin minus config over their
            common seeds, ``low``, ``high``, ``n``; None unless both have
            runs.
    """
    plain: Optional[Dict[str, Any]]
    cr: Optional[Dict[str, Any]]
    change: Optional[Dict[str, Any]]


def card_numbers(row: CardRow) -> CardNumbers:
    """Average the runs of a row, and subtract them seed by seed.

    Args:
        row (CardRow): A config and its twin with their runs.

    Returns:
        CardNumbers: Their numbers.

    Raises:
        UsageError: If a run does not follow the protocol of the metafile, or
            runs differ in protocol, train split or config.
    """
    runs = []
    for cr, entry, kept in ((False, row.plain, row.plain_runs), (True, row.cr,
                                                                 row.cr_runs)):
        for run in kept.runs:
            name = f'{run["name"]} ({kept.file})'
            _check_protocol(entry, run['record']['protocol'], name)
            runs.append(dict(run, **ONE_CELL, cr=cr, name=name))
    try:
        summary = summarize(dict(matrix=dict(paper_table=None), runs=runs))
    except ValueError as error:
        raise UsageError(str(error)) from error
    cells = {cell['cr']: cell['metrics'][METRIC] for cell in summary['cells']}
    changes = [pair['metrics'][METRIC] for pair in summary['pairs']]
    return CardNumbers(
        cells.get(False), cells.get(True), changes[0] if changes else None)


def has_changed_config(kept: KeptRuns) -> bool:
    """Whether the config of runs is another one by now.

    Args:
        kept (KeptRuns): Runs of a config.

    Returns:
        bool: True if the hash that the config had when the runs were kept
        is not that of today.

    Raises:
        UsageError: If the config cannot be read.
    """
    return any(run['config_hash'] != run_hash(run) for run in kept.runs)


def _check_protocol(entry: ConfigEntry, protocol: Dict[str, Any],
                    name: str) -> None:
    words = {value: key for key, value in MAIN_NUMBERS.items()}
    wanted = entry.epochs, words[entry.main]
    found = protocol.get('epochs'), words[protocol['main']]
    if found != wanted:
        raise UsageError(
            f'{entry.name}: its Protocol in metafile.yml is Epochs '
            f'{wanted[0]}, Main Number {wanted[1]}, but {name!r} has '
            f'{found[0]}, {found[1]}. Correct the metafile, or train the '
            'runs again and collect them.')
