# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Audits as files: the record, the class table, the page, the figures."""
import base64
import json
import math
import os
import os.path as osp
import zlib
from typing import List, Tuple

import numpy as np

from mmcurv.files import read_record, write_csv, write_json

MOST_IMAGES = 10**9
COLUMNS = ('class', 'name', 'group', 'train_count', 'test_count', 'correct',
           'accuracy', 'wilson_low', 'wilson_high', 'failing', 'failing_p',
           'failing_q', 'precision', 'f1', 'predicted_count', 'comparable',
           'num_points', 'points_measured', 'points_used', 'curvature',
           'log_curvature', 'curvature_rank', 'volume', 'separation', 'radius',
           'intrinsic_dimension', 'neighbor_purity', 'relative_spread',
           'variance_explained', 'fit_residual', 'fit_condition',
           'ill_conditioned', 'normal_undetermined', 'off_trend')


def pack_images(labels: np.ndarray, correct: np.ndarray) -> dict:
    """Which images were right, in few characters.

    Args:
        labels (np.ndarray): (N,) classes.
        correct (np.ndarray): (N,) bool.

    Returns:
        dict: ``count`` N, ``labels`` (little-endian int32) and ``correct``
        (bits, the first image highest), both zlib in base64.
    """

    def text(array: np.ndarray) -> str:
        return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()

    return dict(
        count=len(labels),
        labels=text(labels.astype('<i4')),
        correct=text(np.packbits(correct)))


def unpack_images(images: dict) -> Tuple[np.ndarray, np.ndarray]:
    """Labels (N,) int64 and correct (N,) bool of :func:`pack_images`.

    Raises:
        ValueError: If they are not as it writes them.
    """
    try:
        size = int(images['count'])
        if not 0 <= size <= MOST_IMAGES:
            raise ValueError(f'{size} images')

        def array(name: str, dtype, length: int) -> np.ndarray:
            bound = length * np.dtype(dtype).itemsize
            unpack = zlib.decompressobj()
            data = unpack.decompress(
                base64.b64decode(images[name], validate=True), bound + 1)
            if len(data) != bound:
                raise ValueError(f'{name} do not fit {size} images')
            return np.frombuffer(data, dtype)

        labels = array('labels', '<i4', size).astype(np.int64)
        bits = array('correct', np.uint8, (size + 7) // 8)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise ValueError(f'images of the audit cannot be read ({error}). '
                         'Make the audit anew.') from None
    return labels, np.unpackbits(bits, count=size).astype(bool)


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
        record (dict): From :func:`~mmcurv.audit.audit_record.audit_banks`.
        out_dir (str): Folder of ``audit.json``, ``classes.csv`` and
            ``report.html``; made if it is missing.
        with_figures (bool): Whether to draw the page. Defaults to True.

    Returns:
        dict: The record as ``audit.json`` holds it, None in place of nan.
    """
    path = osp.join(out_dir, 'audit.json')
    write_json(path, record)
    write_csv(osp.join(out_dir, 'classes.csv'), class_table(record))
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    page = osp.join(out_dir, 'report.html')
    if osp.isfile(page):  # of an earlier record, which it would pass for
        os.remove(page)
    if with_figures:
        # Drawing takes a second to import, which a bare audit can spare.
        from .report.report import write_report
        write_report(record, out_dir)
    return record


SCHEMA, READABLE = 'mmcurv.audit', (1, 2)
SECTIONS = ('provenance', 'summary', 'classes', 'correlation')
REMEDY = ('Give the audit.json of tools/analyze_curvature.py, or make the '
          'audit anew.')


def read_audit(path: str) -> dict:
    """Read an audit record and check that it is one.

    Args:
        path (str): Of an ``audit.json``.

    Returns:
        dict: The record, of version 1 or 2; None stands for what is not
        known. Version 1 lacks what compares audits image by image.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no audit record, or one of another version.
    """
    try:
        return read_record(path, SCHEMA, READABLE, SECTIONS, REMEDY)
    except FileNotFoundError:
        raise FileNotFoundError(f'{path!r} does not exist. {REMEDY}') from None
