# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How a run stands, by the files in its folder.

``run.json`` says from the start on what is trained there, and in the end what
came of it; the lock says whether it is trained just now, ``failure.json`` why
the last attempt failed, ``job.json`` which job of a cluster it waits for.
"""
import json
import os
import os.path as osp
import re
import signal
from datetime import datetime, timezone
from typing import (AbstractSet, Any, Dict, Iterator, List, NamedTuple,
                    Optional, Tuple)

from mmcurv.engine.provenance import canonical_json
from mmcurv.engine.run_lock import is_locked
from mmcurv.files import check_record, read_record, write_json
from mmcurv.numbers import ACCURACIES, GEOMETRY, clean
from .configs import spec_config, spec_epochs, spec_hash, spec_stages
from .matrix import RunSpec

RECORD, FAILURE, JOB, LOG = ('run.json', 'failure.json', 'job.json',
                             'console.log')
SCHEMA, SCHEMA_VERSION = 'mmcurv.run', 1


class State(NamedTuple):
    """One way in which a run can stand: in words of tables and pages, in a
    style of rich; whether a benchmark still has to train it, and whether
    somebody has to look at it."""
    words: str
    style: str = ''
    is_open: bool = False
    is_trouble: bool = False


# In the order in which they are told; keys are those of kept collections.
STATES: Dict[str, State] = {
    'done': State('done', 'green'),
    'failed': State('failed', 'bold red', is_open=True, is_trouble=True),
    'unreadable': State('unreadable', 'bold red', is_trouble=True),
    'other run': State('of another run', 'bold red', is_trouble=True),
    'running': State('running', 'cyan', is_open=True),
    'waiting': State('waiting in the queue', 'cyan', is_open=True),
    'partial': State('not finished', 'yellow', is_open=True),
    'missing': State('not run', is_open=True),
    'no config': State('no config', 'dim'),
}
KEEP = ('Nothing there is overwritten; move the folder away to train the run '
        'again')


class RunState(NamedTuple):
    """How a run stands.

    Attributes:
        kind (str): A key of ``STATES``.
        epoch (int, optional): Epochs trained, by checkpoint or record.
        epochs (int, optional): Of the whole training; None without a config,
            or if it counts iterations.
        reason (str, optional): What went wrong.
        log (str, optional): Path of the log of a failed run.
        seconds (float, optional): What a run that is done took.
    """
    kind: str
    epoch: Optional[int] = None
    epochs: Optional[int] = None
    reason: Optional[str] = None
    log: Optional[str] = None
    seconds: Optional[float] = None


def run_state(spec: RunSpec, jobs: AbstractSet[str] = frozenset()) -> RunState:
    """Look into the folder of a run.

    Args:
        spec (RunSpec): The run.
        jobs (Set[str]): Jobs of a cluster that have not ended.

    Returns:
        RunState: 'done' if it has a whole record of this very run, 'running'
        if a process holds the lock of the folder, 'failed' if its last
        attempt left a ``failure.json``, 'partial' if it was begun. Where the
        record is that of another config or seed it is 'other run', where it
        cannot be read 'unreadable'.

    Raises:
        UsageError: If the config cannot be read.
    """
    if spec.config is None:
        return RunState('no config')
    epochs, epoch = spec_epochs(spec), _last_epoch(spec)
    if is_locked(spec.folder):
        return RunState('running', epoch, epochs)
    path, record = osp.join(spec.folder, RECORD), None
    if osp.lexists(path):
        try:
            record = read_run_record(path)
        except (OSError, ValueError) as error:
            return RunState('unreadable', epoch, epochs, str(error))
        other = _of_another_run(record, spec)
        if other:
            return RunState('other run', epoch, epochs,
                            f'{RECORD} is of another run: {other}. {KEEP}')
        if is_done(record):
            return RunState(
                'done',
                record['protocol'].get('epochs'),
                epochs,
                seconds=record['cost']['seconds'])
    elif epoch is not None:
        return RunState(
            'other run', epoch, epochs, 'it has checkpoints, but no '
            f'{RECORD} that says what they are of, as mmcurv.RunRecordHook '
            f'writes it. {KEEP}')
    if read_job(spec.folder) in jobs:
        return RunState('waiting', epoch, epochs)
    if osp.lexists(osp.join(spec.folder, FAILURE)):
        reason, log = _read_failure(spec.folder)
        return RunState('failed', epoch, epochs, reason, log)
    return RunState('missing' if record is None else 'partial', epoch, epochs)


def is_done(record: Dict[str, Any]) -> bool:
    """Whether a training has ended, by its record."""
    return record.get('state', 'done') == 'done'


def has_ended(folder: str) -> bool:
    """Whether the run of a folder is never to be started again: it is done,
    or nobody can tell."""
    try:
        with open(osp.join(folder, RECORD), encoding='utf-8') as file:
            return is_done(json.load(file))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError, AttributeError):
        return True


def can_start(spec: RunSpec) -> bool:
    """Whether a run need not wait: a branch begins with a checkpoint of its
    trunk, which may still be in training, or has one of its own."""
    return (spec.branch is None or osp.isfile(spec.branch.checkpoint)
            or bool(checkpoints(spec.folder)))


def lost_start(spec: RunSpec, asked: AbstractSet[str]) -> str:
    """Why a branch can never start, '' if it can or only has to wait for its
    trunk, which must be among the folders that are ``asked`` for."""
    trunk, epoch = spec.branch
    state = run_state(trunk)  # before the look for the file, which may come
    if checkpoints(spec.folder):
        return ''
    if state.kind in ('unreadable', 'other run'):
        return f'its trunk {trunk.folder}: {state.reason}'
    if can_start(spec):
        return ''
    if state.kind == 'done' or (state.epoch or 0) >= epoch:
        return (f'its trunk {trunk.name!r} was trained beyond epoch {epoch} '
                f'and has not kept {spec.branch.checkpoint}. Move '
                f'{trunk.folder} away to train it again, which keeps that '
                'epoch, or take "branch" out of the variant')
    if trunk.folder not in asked:
        return (f'it begins with {spec.branch.checkpoint}, which is not '
                f'there yet, and its trunk {trunk.name!r} is left out by '
                '--only or --without; ask for both or leave out both')
    return ''


def _of_another_run(record: Dict[str, Any], spec: RunSpec) -> str:
    parts = []
    if record['seed'] != spec.seed:
        parts.append(f'it has seed {record["seed"]}, the matrix {spec.seed}')
    found, wanted = record['config']['hash'], spec_hash(spec)
    if found != wanted:
        parts.append(f'its config has the hash {str(found)[:12]}, that of '
                     f'the matrix {wanted[:12]}')
        if isinstance(record['config'].get('entries'), dict):
            parts.append(
                differences(record['config']['entries'],
                            json.loads(canonical_json(spec_config(spec)))))
    found, wanted = record.get('branch'), None
    if isinstance(found, dict):
        found = {key: found.get(key) for key in ('epoch', 'config_hash')}
    if spec.branch:
        wanted = dict(
            epoch=spec.branch.epoch, config_hash=spec_hash(spec.branch.trunk))
    if found != wanted:
        parts.append(f'it {_branch_words(found)}, and by the matrix '
                     f'{_branch_words(wanted)}')
    return '; '.join(filter(None, parts))


def _branch_words(branch: Optional[Dict[str, Any]]) -> str:
    if not isinstance(branch, dict):
        return 'is a whole training'
    return (f'is a branch from epoch {branch["epoch"]} of a run whose config '
            f'has the hash {str(branch["config_hash"])[:12]}')


def differences(old: Dict[str, Any], new: Dict[str, Any]) -> str:
    """What makes two hashed configs different trainings: 'train_cfg.max_epochs
    was 20 and is 10', the first three, and how many more."""
    before, after = ({
        key: repr(value)
        for key, value in _leaves(cfg)
    } for cfg in (old, new))
    words = [
        f'{key} was {clean(before.get(key, "absent"), 40)} and is '
        f'{clean(after.get(key, "absent"), 40)}' for key in {
            **before,
            **after
        } if before.get(key) != after.get(key)
    ]
    more = [f'and {len(words) - 3} more'] if len(words) > 3 else []
    return ', '.join([*words[:3], *more])


def _leaves(node: Any, place: str = '') -> Iterator[Tuple[str, Any]]:
    """Values by dotted key; empty lists and dicts are values, too."""
    items = node if isinstance(node, dict) else {}
    if isinstance(node, list):
        items = dict(enumerate(node))
    if not items:
        yield place, node
    for key, item in items.items():
        yield from _leaves(item, f'{place}.{key}' if place else str(key))


def _last_epoch(spec: RunSpec) -> Optional[int]:
    """Epochs behind the newest checkpoint, over all stages."""
    stages = spec_stages(spec)
    for i, stage in reversed([*enumerate(stages)]):
        epochs = [
            epoch
            for epoch, _ in checkpoints(osp.join(spec.folder, stage.folder))
        ]
        if epochs:
            before = sum(one.epochs or 0 for one in stages[:i])
            return before + (0 if stage.epochs == 0 else max(epochs))
    return None


def checkpoints(folder: str) -> List[Tuple[int, str]]:
    """Epoch and path of every ``epoch_*.pth``, whole or not, in any order."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [re.fullmatch(r'epoch_(\d+)\.pth', name) for name in names]
    return [(int(match[1]), osp.join(folder, match[0])) for match in found
            if match]


def write_failure(folder: str, exit_code: int, reason: str) -> None:
    """Write ``failure.json``, whole or not at all: the exit code of the
    training (minus the number of the signal that ended it), and why."""
    created = datetime.now(timezone.utc).isoformat(timespec='seconds')
    write_json(
        osp.join(folder, FAILURE),
        dict(
            schema='mmcurv.failure',
            schema_version=1,
            exit_code=exit_code,
            reason=reason,
            log=LOG,
            created=created))


def signal_words(number: int) -> str:
    """What it means that a signal ended a program: 'killed by SIGTERM'."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f'signal {number}'
    memory = '; often because the machine ran out of memory'
    return f'killed by {name}{memory if name == "SIGKILL" else ""}'


def _read_failure(folder: str) -> Tuple[str, Optional[str]]:
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


def read_job(folder: str) -> Optional[str]:
    """The last job of a cluster that a run was submitted as, if any."""
    try:
        with open(osp.join(folder, JOB), encoding='utf-8') as file:
            return str(json.load(file)['job'])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_job(folder: str, job: str) -> None:
    """Remember the job that a run was submitted as."""
    write_json(osp.join(folder, JOB), dict(job=job))


BEGUN = ('seed', 'config.path', 'config.hash')
# What every table is made of; a section with '?' may be null.
KEYS = (*BEGUN, 'code.version', 'code.commit', 'code.clean', 'packages',
        'machine', 'split?.class_counts', 'split?.fingerprint',
        'protocol.main', 'protocol.selection_split', 'protocol.best_by',
        *(f'results?.{which}.metrics.{key}' for which in ('last', 'best')
          for key in ACCURACIES), 'classes',
        *(f'geometry?.{key}' for key in GEOMETRY), 'cr', 'cost.seconds')
MAIN = ('last', 'best')
REMEDY = ('Nothing was changed. Restore the file, or move the folder away and '
          'train the run again with "tools/benchmark.py run".')


def read_run_record(path: str) -> Dict[str, Any]:
    """Read a ``run.json`` and check that it is one, and whole. Of a run which
    has not ended it has config and seed only, see :func:`is_done`.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is cut short or no JSON, is no record of a run, is
            one of another version, or lacks a key.
    """
    record = read_record(path, SCHEMA, SCHEMA_VERSION, BEGUN, REMEDY)
    check_run_record(record, path)
    return record


def check_run_record(record: Any, where: str) -> None:
    """Check that a record of a run, read from the file ``where``, is one that
    this version understands; ValueError if it is not."""
    check_record(record, where, SCHEMA, SCHEMA_VERSION, BEGUN, REMEDY)
    if not is_done(record):
        return
    check_record(record, where, SCHEMA, SCHEMA_VERSION, KEYS, REMEDY)
    main = record['protocol']['main']
    if main not in MAIN:
        raise ValueError(f'{where}: protocol.main: expected one of {MAIN}, '
                         f'got {clean(main, 40)!r}. {REMEDY}')


def kept_part(record: Dict[str, Any]) -> Dict[str, Any]:
    """What a collection keeps of a record: neither config text nor history."""
    kept = {
        key: record[key]
        for key in record if key not in ('history', 'state')
    }
    kept['config'] = {
        key: value
        for key, value in record['config'].items()
        if key not in ('text', 'entries')
    }
    return kept
