# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Reads ``audit.json``."""
import json

from .words import clean

SCHEMA, SCHEMA_VERSION = 'mmcurv.audit', 1
SECTIONS = ('provenance', 'summary', 'classes', 'correlation')


def read_audit(path: str) -> dict:
    """Read an audit record and check that it is one.

    Args:
        path (str): Of an ``audit.json``.

    Returns:
        dict: The record; None stands for what is not known.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no audit record, or one of another version.
    """
    try:
        with open(path, encoding='utf-8') as file:
            audit = json.load(file)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path!r} does not exist; expected an audit.json of '
            'tools/analyze_curvature.py.') from None
    except ValueError as error:  # also if it is no UTF-8
        raise ValueError(f'{path} is no JSON file ({error}); expected an '
                         'audit.json of tools/analyze_curvature.py.') from None
    found = audit.get('schema') if isinstance(audit, dict) else None
    if found != SCHEMA:
        raise ValueError(
            f'{path} is no audit: expected schema {SCHEMA!r}, got '
            f'{clean(found, 40)!r}. Give it the audit.json of '
            'tools/analyze_curvature.py.')
    version = audit.get('schema_version')
    if version != SCHEMA_VERSION:
        raise ValueError(
            f'{path} has schema version {clean(version, 20)}, this mmcurv '
            f'reads {SCHEMA_VERSION}; make the audit anew with this one.')
    missing = [name for name in SECTIONS if name not in audit]
    if missing:
        raise ValueError(f'{path} has no {", ".join(missing)}; was it cut? '
                         'Make the audit anew.')
    return audit
