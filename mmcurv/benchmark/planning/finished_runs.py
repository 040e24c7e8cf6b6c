# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What runs that have ended took, on a machine like this one."""
import glob
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from mmcurv.benchmark.collecting.run_records import RECORD, read_run_record

# Folders between the root and run.json: matrix, method, data, the variant if
# any, seed.
DEPTHS = (4, 5)
SAME = ('processor', 'accelerators', 'processes')


class FinishedRun(NamedTuple):
    """What a run took.

    Attributes:
        config (str): Path of its config.
        hash (str): Hash of the config with its changes.
        epochs (int): Trained.
        seconds (float): From start to end, over all of its starts.
        training_seconds (float): Of the training steps without Curvature
            Regularization.
        samples (int): Images trained on, each as often as it was.
        multiply_adds (int, optional): Of one image's forward pass.
        with_files (tuple[str]): Config files over the config. Defaults to
            ().
        cr (bool): With Curvature Regularization. Defaults to False.
    """
    config: str
    hash: str
    epochs: int
    seconds: float
    training_seconds: float
    samples: int
    multiply_adds: Optional[int]
    with_files: Tuple[str, ...] = ()
    cr: bool = False


def finished_runs(root: str, machine: Dict[str, Any]) -> List[FinishedRun]:
    """Find the runs under a folder that were trained on such a machine.

    Args:
        root (str): Folder of all runs.
        machine (dict): ``processor``, ``accelerators`` and ``processes``, as
            a record has them.

    Returns:
        list[FinishedRun]: Records that cannot be read, or lack a number, are
        left out; the state of their run tells the former.
    """
    found = []
    for depth in DEPTHS:
        pattern = osp.join(glob.escape(root), *['*'] * depth, RECORD)
        for path in sorted(glob.glob(pattern)):
            try:
                record = read_run_record(path)
                if all(record['machine'][key] == machine[key] for key in SAME):
                    found.append(_finished(record))
            except (OSError, KeyError, TypeError, ValueError):
                continue
    return found


def _finished(record: Dict[str, Any]) -> FinishedRun:
    cost = record['cost']
    if not (record['protocol']['epochs'] and cost['samples']):
        raise ValueError('it trained nothing')
    return FinishedRun(
        config=str(record['config']['path']),
        hash=record['config']['hash'],
        epochs=int(record['protocol']['epochs']),
        seconds=float(cost['seconds']),
        training_seconds=cost['training_seconds'] -
        (cost.get('cr_seconds') or 0.),
        samples=int(cost['samples']),
        multiply_adds=cost['multiply_adds'],
        with_files=tuple((record['config'].get('switches')
                          or {}).get('with_files', ())),
        cr=record['cr'] is not None)
