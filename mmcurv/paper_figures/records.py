# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Reads the records that figures are drawn from, and tells their kinds."""
import json
import os.path as osp
from typing import Any, Dict, Optional, Tuple

RUN, AUDIT, COLLECTION = 'run', 'audit', 'collection'
# Schema to the newest version that is understood here, and what it holds.
KNOWN = {
    'mmcurv.geometry': (2, None),
    'mmcurv.class_accuracy': (1, None),
    'mmcurv.run_histories': (1, RUN),
    'mmcurv.audits_of_run': (1, RUN),
    'mmcurv.audit': (1, AUDIT),
    'mmcurv.run_collection': (1, COLLECTION),
}


def read_record(path: str) -> Dict[str, Any]:
    """A record from its JSON file.

    Args:
        path (str): Path of the file.

    Returns:
        dict: The record.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no JSON object, or one of a schema that is
            newer than this program.
    """
    with open(path, encoding='utf-8') as file:
        try:
            record = json.load(file)
        except ValueError as error:  # also bytes that are no UTF-8
            raise ValueError(f'expected JSON in {path}, got what does not '
                             f'parse: {error}.') from None
    if not isinstance(record, dict):
        raise ValueError(f'expected a JSON object in {path}, got a '
                         f'{type(record).__name__}.')
    schema, version = record.get('schema'), record.get('schema_version', 1)
    newest = KNOWN.get(schema, (version, None))[0]
    if version > newest:
        raise ValueError(
            f'expected version <= {newest} of schema {schema!r} in {path}, '
            f'got {version}. Install the mmcurv that wrote it.')
    return record


def split_name(path: str) -> Tuple[str, str]:
    """('a', 'b') of 'a=b'; else the last part of the path is the name."""
    name, equals, rest = path.partition('=')
    if not equals or osp.exists(path):
        return osp.basename(osp.normpath(path)), path
    return name, rest


def kind_of(path: str) -> Optional[str]:
    """What a path holds: 'run', 'audit' or 'collection'.

    Args:
        path (str): A folder or file, or ``NAME=PATH``.

    Returns:
        str | None: None if it is none of the three.

    Raises:
        ValueError: If it is a file that is no record, see
            :func:`read_record`.
    """
    path = split_name(path)[1]
    if osp.isfile(path):
        return KNOWN.get(read_record(path).get('schema'), (0, None))[1]
    if osp.isfile(osp.join(path, 'audit.json')):
        return AUDIT
    if osp.isdir(osp.join(path, 'geometry')) or osp.isfile(
            osp.join(path, 'run.json')):
        return RUN
    return None
