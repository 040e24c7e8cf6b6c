# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Reads ``run.json``, what a finished run left."""
import json
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import clean
from mmcurv.benchmark.numbers import ACCURACIES, GEOMETRY

RECORD = 'run.json'
SCHEMA, SCHEMA_VERSION = 'mmcurv.run', 1
# What every table is made of; a section that may be null has its keys else.
KEYS = {
    '': ('seed', 'config', 'code', 'packages', 'machine', 'split', 'protocol',
         'results', 'classes', 'geometry', 'cr', 'cost'),
    'config': ('path', 'hash'),
    'code': ('version', 'commit', 'clean'),
    'split': ('class_counts', 'fingerprint'),
    'protocol': ('main', 'selection_split', 'best_by'),
    'results': ('last', 'best'),
    'results.last': ('metrics', ),
    'results.last.metrics':
    ACCURACIES,
    'results.best': ('metrics', ),
    'results.best.metrics':
    ACCURACIES,
    'geometry':
    GEOMETRY,
    'cost': ('seconds', ),
}
MAY_BE_NULL = ('split', 'results', 'geometry')
MAIN = ('last', 'best')
REMEDY = ('Nothing was changed. Restore the file, or move the folder away and '
          'train the run again with "tools/benchmark.py run"')


def read_run_record(path: str) -> Dict[str, Any]:
    """Read the record of a run and check that it is one, and whole.

    Args:
        path (str): Of a ``run.json``.

    Returns:
        dict: The record; None stands for what is not known.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is cut short or no JSON, is no record of a run, is
            one of another version, or lacks a key.
    """
    try:
        with open(path, encoding='utf-8') as file:
            record = json.load(file, parse_constant=_refuse)
    except ValueError as error:  # also if it is no UTF-8
        raise ValueError(f'{path}: expected the record of a run as JSON, but '
                         f'{error}; was it cut short? {REMEDY}.') from None
    check_run_record(record, path)
    return record


def check_run_record(record: Any, where: str) -> None:
    """Check that a record of a run is one that this version understands.

    Args:
        record: What was read.
        where (str): File it was read from, for the message.

    Raises:
        ValueError: If it is not.
    """
    found = record.get('schema') if isinstance(record, dict) else None
    if found != SCHEMA:
        raise ValueError(f'{where}: expected the record of a run, schema '
                         f'{SCHEMA!r}, got {clean(found, 40)!r}. {REMEDY}.')
    version = record.get('schema_version')
    if version != SCHEMA_VERSION:
        raise ValueError(
            f'{where}: expected schema version {SCHEMA_VERSION}, got '
            f'{clean(version, 20)}. Nothing was changed. Read it with the '
            'mmcurv that wrote it, or a newer one.')
    missing = _missing_keys(record)
    if missing:
        raise ValueError(f'{where}: expected {", ".join(missing)} in the '
                         f'record, found none. {REMEDY}.')
    main = record['protocol']['main']
    if main not in MAIN:
        raise ValueError(f'{where}: protocol.main: expected one of {MAIN}, '
                         f'got {clean(main, 40)!r}. {REMEDY}.')


def kept_part(record: Dict[str, Any]) -> Dict[str, Any]:
    """A record without what tables do not need: config text and history.

    Args:
        record (dict): Of a run; it stays as it is.

    Returns:
        dict: What a collection holds.
    """
    kept = {key: record[key] for key in record if key != 'history'}
    kept['config'] = {
        key: value
        for key, value in record['config'].items() if key != 'text'
    }
    return kept


def _missing_keys(record: Dict[str, Any]) -> List[str]:
    missing = []
    for place, keys in KEYS.items():
        steps = place.split('.') if place else []
        section: Any = record
        for depth, step in enumerate(steps, 1):
            section = section.get(step) if isinstance(section, dict) else None
            if section is None and '.'.join(steps[:depth]) in MAY_BE_NULL:
                break
        else:
            if not isinstance(section, dict):
                missing.append(place)
                continue
            missing += [
                '.'.join([*steps, key]) for key in keys if key not in section
            ]
    return list(dict.fromkeys(missing))


def _refuse(constant: str) -> None:
    raise ValueError(f'{constant} is no number in JSON')
