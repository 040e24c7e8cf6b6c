# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""All runs of a matrix with their records, as one file."""
import json
import os.path as osp
import re
from datetime import datetime, timezone
from typing import Any, Dict

from mmcurv.audit.report.numbers import clean
from mmcurv.benchmark.matrices.spec_config import spec_hash
from mmcurv.benchmark.matrix import Matrix, RunSpec
from mmcurv.benchmark.states.run_state import run_state
from mmcurv.files import write_text
from .alike import check_alike
from .provenance_warnings import provenance_warnings
from .run_records import RECORD, check_run_record, kept_part, read_run_record

SCHEMA, SCHEMA_VERSION = 'mmcurv.collection', 2
KEYS = ('matrix', 'runs')
FOLDER = r'(?!\.)[^/\\:\x00-\x1f]+'  # it must not lead anywhere else
RUN_KEYS = ('method', 'cr', 'dataset', 'imbalance_factor', 'model', 'variant',
            'tau', 'seed', 'config', 'options', 'with_files', 'cr_switch')


def collect(matrix: Matrix, command: str = '') -> Dict[str, Any]:
    """Read what the runs of a matrix left in their folders.

    A run that is not done carries how it stands and why; one whose record
    lacks something is 'unreadable'. ``config_hash`` of a run is the hash of
    its config with switches and options: that of its record, too, unless the
    file was kept from before the config was written otherwise with the same
    meaning. Nothing is written.

    Args:
        matrix (Matrix): Which runs, and where they lie.
        command (str): Command line that the collection comes from. Defaults
            to ''.

    Returns:
        dict: The collection. None stands for nan in it, as in JSON.

    Raises:
        ValueError: If runs that would be averaged or compared are unlike.
    """
    runs = [_entry(spec) for spec in matrix.runs]
    about = matrix._asdict()
    del about['runs']
    collection = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
        command=command,
        matrix=about,
        warnings=provenance_warnings(runs),
        runs=runs)
    check_alike(collection)
    return collection


def write_collection(path: str, collection: Dict[str, Any]) -> None:
    """Write a collection with one line for each run, which diffs show well.

    Args:
        path (str): Path of the file; an older one is replaced as a whole.
        collection (dict): Of :func:`collect`.
    """
    head = {key: value for key, value in collection.items() if key != 'runs'}
    lines = [json.dumps(run, allow_nan=False) for run in collection['runs']]
    text = json.dumps(head, indent=1, allow_nan=False)[:-2]
    write_text(path,
               text + ',\n "runs": [\n' + ',\n'.join(lines) + '\n ]\n}\n')


def read_collection(path: str) -> Dict[str, Any]:
    """Read a collection that was kept, and check that it is one, and whole.

    Args:
        path (str): Of a file of :func:`write_collection`.

    Returns:
        dict: The collection.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no collection, one of another version, or not
            whole, or if runs that would be averaged or compared are unlike.
    """
    remedy = 'Give a collection.json of "tools/benchmark.py collect"'
    try:
        with open(path, encoding='utf-8') as file:
            collection = json.load(file)
    except ValueError as error:  # also if it is no UTF-8
        raise ValueError(
            f'{path}: expected a collection as JSON, but {error}; '
            f'was it cut short? {remedy}.') from None
    found = collection.get('schema') if isinstance(collection, dict) else None
    if found != SCHEMA:
        raise ValueError(f'{path}: expected schema {SCHEMA!r}, got '
                         f'{clean(found, 40)!r}. {remedy}.')
    version = collection.get('schema_version')
    if version != SCHEMA_VERSION:
        raise ValueError(f'{path}: expected schema version {SCHEMA_VERSION}, '
                         f'got {clean(version, 20)}. Collect the runs again '
                         'with "tools/benchmark.py collect", or read it with '
                         'the mmcurv that wrote it, or a newer one.')
    missing = [key for key in KEYS if key not in collection]
    missing += [
        f'{key} of run {i}'
        for i, run in enumerate(collection.get('runs', []))
        for key in (*RUN_KEYS, 'config_hash', 'name', 'state', 'reason',
                    'record') if key not in run
    ]
    if missing:
        raise ValueError(f'{path}: expected {", ".join(missing[:5])} in the '
                         f'collection, found none. {remedy}.')
    matrix = collection['matrix']
    name = matrix.get('name') if isinstance(matrix, dict) else None
    if not isinstance(name, str) or not re.fullmatch(FOLDER, name):
        raise ValueError(f'{path}: matrix.name: expected a name that can be '
                         f'that of a folder, got {clean(name, 40)!r}. '
                         f'{remedy}.')
    for run in collection['runs']:
        if run['state'] == 'done':
            check_run_record(run['record'], f'{path}: {run["name"]}')
    check_alike(collection)
    return collection


def _entry(spec: RunSpec) -> Dict[str, Any]:
    state = run_state(spec)
    kind, reason, record = state.kind, state.reason, None
    if kind == 'done':
        try:
            path = osp.join(spec.folder, RECORD)
            record = kept_part(read_run_record(path))
        except ValueError as error:
            kind, reason = 'unreadable', str(error)
    elif reason is None and state.epoch is not None:
        reason = f'epoch {state.epoch} of {state.epochs or "?"}'
    fields = spec._asdict()
    return dict({key: fields[key]
                 for key in RUN_KEYS},
                config_hash=spec_hash(spec) if spec.config else None,
                name=spec.name,
                state=kind,
                reason=reason,
                record=record)
