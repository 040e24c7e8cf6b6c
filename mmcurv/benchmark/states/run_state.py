# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How a run stands, by the files in its folder."""
import json
import os.path as osp
from typing import NamedTuple, Optional, Tuple

from mmcurv.benchmark.collecting.run_records import RECORD, read_run_record
from mmcurv.benchmark.matrices.spec_config import (spec_epochs, spec_hash,
                                                   spec_stages)
from mmcurv.benchmark.matrix import RunSpec
from mmcurv.engine.config_options import UsageError
from .config_changes import changed_config
from .failure_record import NAME as FAILURE
from .failure_record import has_failure
from .last_good_checkpoint import checkpoints, epochs_behind
from .run_lock import is_locked

KINDS = ('done', 'running', 'partial', 'failed', 'missing', 'no config',
         'unreadable', 'other run')
# What a benchmark still has to train.
OPEN = ('running', 'partial', 'failed', 'missing')
KEEP = ('Nothing there is overwritten; move the folder away to train the run '
        'again')


class RunState(NamedTuple):
    """How a run stands.

    Attributes:
        kind (str): One of ``KINDS``.
        epoch (int, optional): Epochs trained, by checkpoint or record.
            Defaults to None: none that is known.
        epochs (int, optional): Of the whole training. Defaults to None:
            there is no config, or it counts iterations.
        reason (str, optional): What went wrong. Defaults to None.
        log (str, optional): Path of the log of a failed run. Defaults to
            None.
    """
    kind: str
    epoch: Optional[int] = None
    epochs: Optional[int] = None
    reason: Optional[str] = None
    log: Optional[str] = None


def run_state(spec: RunSpec) -> RunState:
    """Look into the folder of a run.

    Args:
        spec (RunSpec): The run.

    Returns:
        RunState: 'done' if it has a record of this very run, 'running' if a
        process holds the lock of the folder, 'failed' if its last attempt
        left a ``failure.json``, 'partial' if there is a checkpoint. Where
        the record or the checkpoints are those of another config or seed it
        is 'other run', where they cannot be read 'unreadable'.

    Raises:
        UsageError: If the config cannot be read, see
            :func:`~mmcurv.benchmark.matrices.broken_configs.check_configs`.
    """
    if spec.config is None:
        return RunState('no config')
    epochs, epoch = spec_epochs(spec), _last_epoch(spec)
    if is_locked(spec.folder):
        return RunState('running', epoch, epochs)
    if osp.isfile(osp.join(spec.folder, RECORD)):
        return _recorded(spec, epochs)
    other = None
    if epoch is not None:
        try:
            other = changed_config(spec)
        except UsageError as error:
            return RunState('unreadable', epoch, epochs, f'{error}. {KEEP}')
    if other:
        reason = f'its checkpoints are of another training: {other}. {KEEP}'
        return RunState('other run', epoch, epochs, reason)
    if has_failure(spec.folder):
        reason, log = _failure(spec.folder)
        return RunState('failed', epoch, epochs, reason, log)
    return RunState('missing' if epoch is None else 'partial', epoch, epochs)


def _recorded(spec: RunSpec, epochs: Optional[int]) -> RunState:
    try:
        record = read_run_record(osp.join(spec.folder, RECORD))
    except (OSError, ValueError) as error:
        return RunState('unreadable', None, epochs, str(error))
    found = record['config']['hash'], record['seed']
    epoch = record['protocol'].get('epochs')
    wanted = spec_hash(spec), spec.seed
    if found == wanted:
        return RunState('done', epoch, epochs)
    hashes, seeds = zip(found, wanted)
    parts = []
    if seeds[0] != seeds[1]:
        parts.append(f'it has seed {seeds[0]}, the matrix {seeds[1]}')
    if hashes[0] != hashes[1]:
        parts.append(f'its config has the hash {str(hashes[0])[:12]}, that '
                     f'of the matrix {hashes[1][:12]}')
        try:
            parts += [changed_config(spec)]
        except UsageError:
            pass  # the hashes alone say enough
    reason = '; '.join(part for part in parts if part)
    return RunState('other run', epoch, epochs,
                    f'{RECORD} is of another run: {reason}. {KEEP}')


def _failure(folder: str) -> Tuple[str, Optional[str]]:
    path = osp.join(folder, FAILURE)
    try:
        with open(path, encoding='utf-8') as file:
            failure = json.load(file)
        code, reason = failure['exit_code'], failure['reason']
        # Of a signal the reason itself speaks.
        words = f'exit code {code}: {reason}' if code > 0 else reason
        return words, osp.join(folder, failure['log'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f'{path} cannot be read: {type(error).__name__}: {error}', None


def _last_epoch(spec: RunSpec) -> Optional[int]:
    stages = spec_stages(spec)
    for stage in reversed(stages):
        newest = checkpoints(osp.join(spec.folder, stage.folder))[:1]
        if newest:
            return epochs_behind(str(newest[0]), spec.folder, stages)
    return None
