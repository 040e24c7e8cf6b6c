# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The record of a whole training, from those of its stages."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from mmengine.config import Config

Record = Dict[str, Any]
ADDED = ('seconds', 'training_seconds', 'samples', 'starts')
LARGEST = ('peak_memory_bytes', 'peak_accelerator_bytes')


class StageOfRun(NamedTuple):
    """What a stage has to know to write its record.

    Attributes:
        cfg (Config): Of the whole training.
        name (str): Of the stage.
        earlier (list[dict]): Records of the stages before it.
        is_last (bool): Whether its record is that of the whole training.
    """
    cfg: Config
    name: str
    earlier: List[Record]
    is_last: bool


def whole_record(name: str, record: Record,
                 earlier: Sequence[Record]) -> Record:
    """The record of a training, in the place of that of its last stage.

    Results, classes, history and geometry are those of the last stage, which
    counts its epochs from 1. Costs are those of all stages, ``epochs`` of the
    protocol those of all that count them, and ``cr`` is that of the first
    stage that had it.

    Args:
        name (str): Of the last stage.
        record (dict): Of the last stage.
        earlier (Sequence[dict]): Of the others, each with its name as
            ``stage``.

    Returns:
        dict: A new record; ``stages`` has an entry for each stage.
    """
    every = [*earlier, dict(record, stage=name)]
    protocol = dict(record['protocol'])
    for unit in ('epochs', 'iters'):
        if unit in protocol:
            protocol[unit] = sum(one['protocol'].get(unit) or 0
                                 for one in every)
    return dict(
        record,
        stages=[_entry(one) for one in every],
        protocol=protocol,
        cr=next((one['cr'] for one in every if one['cr'] is not None), None),
        cost=_added([one['cost'] for one in every]))


def _entry(record: Record) -> Record:
    return dict(
        name=record['stage'],
        **{
            unit: record['protocol'][unit]
            for unit in ('epochs', 'iters') if unit in record['protocol']
        },
        overall=_overall(record),
        seconds=record['cost']['seconds'],
        training_seconds=record['cost']['training_seconds'],
        cr=record['cr'])


def _overall(record: Record) -> Optional[float]:
    """Accuracy at the end of the stage, in per cent."""
    results = record['results']
    return results and results['last']['metrics']['overall']


def _added(costs: Sequence[Record]) -> Record:
    total = dict(costs[-1])
    for key in ADDED:
        total[key] = sum(cost[key] for cost in costs)
    for key in LARGEST:
        total[key] = max((cost[key] or 0 for cost in costs)) or None
    return total
