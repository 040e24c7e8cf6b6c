# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Audits as files: the record, the class table, the page, the figures."""
import json
import math
import os.path as osp
from typing import List

from mmcurv.files import write_csv, write_json
from .report.numbers import clean

COLUMNS = ('class', 'name', 'group', 'train_count', 'test_count', 'correct',
           'accuracy', 'wilson_low', 'wilson_high', 'num_points',
           'points_used', 'curvature', 'log_curvature', 'curvature_rank',
           'volume', 'separation', 'radius', 'intrinsic_dimension',
           'fit_residual', 'fit_condition', 'ill_conditioned', 'off_trend')


def class_table(record: dict) -> List[dict]:
    """Rows for ``classes.csv``.

    Args:
        record (dict): Audit record.

    Returns:
        list[dict]: One per class. Numbers that are not known are nan where
        the quantity exists and empty where it was never asked for; names are
        as they came.
    """
    return [_flat(row) for row in record['classes']]


def _flat(row: dict) -> dict:
    flat = {name: row.get(name) for name in COLUMNS}
    confusion, near = row['top_confusion'] or {}, row['nearest_manifold'] or {}
    flat.update(
        top_confusion=confusion.get('name'),
        top_confusion_count=confusion.get('count'),
        top_confusion_share=confusion.get('share', math.nan),
        nearest_manifold=near.get('name'),
        nearest_manifold_separation=near.get('separation', math.nan))
    return flat


def write_audit(record: dict, out_dir: str, with_figures: bool = True) -> dict:
    """Write an audit; ``audit.json`` comes first, all else is drawn from it.

    Args:
        record (dict): From :func:`~mmcurv.audit.audit.audit`.
        out_dir (str): Folder of ``audit.json``, ``classes.csv``,
            ``report.html`` and ``figures``; made if it is missing.
        with_figures (bool): Whether to draw page and figures. Defaults to
            True.

    Returns:
        dict: The record as ``audit.json`` holds it, None in place of nan.
    """
    path = osp.join(out_dir, 'audit.json')
    write_json(path, record)
    write_csv(osp.join(out_dir, 'classes.csv'), class_table(record))
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    if with_figures:
        # Drawing takes a second to import, which a bare audit can spare.
        from .report.figures import write_figures
        from .report.report import write_report
        write_report(record, out_dir)
        write_figures(record, out_dir)
    return record


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
