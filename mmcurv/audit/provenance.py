# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where the numbers of an audit come from."""
import datetime
import os.path as osp
import sys
from typing import Optional, Tuple

import numpy as np

import mmcurv
from .feature_bank import FeatureBank
from .options import AuditOptions
from .result_cache import arrays_key

OF_BANK = ('config', 'checkpoint', 'checkpoint_sha256', 'feature_file',
           'feature_file_sha256', 'model', 'layer', 'pooling', 'epoch')


def audit_provenance(bank: FeatureBank, tests: FeatureBank,
                     options: AuditOptions, candidates: Optional[int],
                     size: Optional[int],
                     accuracy_source: Optional[str]) -> dict:
    """``provenance`` of the audit record.

    Args:
        bank (FeatureBank): Of the geometry.
        tests (FeatureBank): Of the accuracy.
        options (AuditOptions): What was asked for.
        candidates (int, optional): Nearest centres that each class was
            compared with; None for all classes.
        size (int, optional): Points drawn of each class; None for all.
        accuracy_source (str, optional): 'predictions', 'class_accuracy' or
            None.

    Returns:
        dict: Plain JSON.
    """
    told, torch = bank.metadata, sys.modules.get('torch')
    has_geometry = bank.features is not None
    record = {name: told.get(name) for name in OF_BANK}
    of_geometry, _ = fingerprint(bank)
    of_accuracy, kind = None, None
    if accuracy_source == 'predictions':
        of_accuracy, kind = fingerprint(tests)
    record.update(
        source=told.get('source', 'features'),
        has_geometry=has_geometry,
        geometry_split=told.get('split'),
        accuracy_split=tests.metadata.get('split'),
        accuracy_source=accuracy_source,
        geometry_fingerprint=of_geometry if has_geometry else None,
        accuracy_fingerprint=of_accuracy,
        accuracy_fingerprint_of=kind,
        options=options.of_geometry(),
        head_above=options.head_above,
        tail_below=options.tail_below,
        nearest_manifold_candidates=candidates,
        points_per_class=size,
        feature_dim=bank.features.shape[1] if has_geometry else None,
        feature_dtype=str(bank.features.dtype) if has_geometry else None,
        num_features=len(bank.labels),
        num_classes=bank.num_classes,
        mmcurv=mmcurv.__version__,
        torch=None if torch is None else str(torch.__version__),
        created=datetime.datetime.now(
            datetime.timezone.utc).isoformat(timespec='seconds'))
    return record


def fingerprint(bank: FeatureBank) -> Tuple[Optional[str], Optional[str]]:
    """What tells samples from others, and what it is of.

    Equal labels do not: a balanced split has those of any other one.

    Returns:
        tuple: 64 hexadecimal digits and 'data set', 'sample ids', 'paths'
        (with the sizes of the files that are there) or 'features'; None,
        None if nobody can tell.
    """
    if bank.metadata.get('fingerprint'):
        return bank.metadata['fingerprint'], 'data set'
    if bank.sample_ids is not None:
        return arrays_key(ids=sorted(bank.sample_ids)), 'sample ids'
    if bank.paths is not None:
        sizes = [
            osp.getsize(path) if osp.isfile(path) else None
            for path in bank.paths
        ]
        return arrays_key(
            paths=sorted(map(str, zip(bank.paths, sizes)))), 'paths'
    if bank.features is not None:
        return arrays_key(bank.features, np.asarray(bank.labels)), 'features'
    return None, None


def image_order(bank: FeatureBank) -> np.ndarray:
    """The order in which audits of the same images list them, (N,)."""
    if not bank.metadata.get('fingerprint'):
        for names in (bank.sample_ids, bank.paths):
            if names is not None:
                return np.argsort(np.array(names), kind='stable')
    return np.arange(len(bank.labels))
