# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where the numbers of an audit come from."""
import datetime
from typing import Optional

import numpy as np
import torch

import mmcurv
from .audit_options import AuditOptions
from .feature_bank import FeatureBank
from .result_cache import arrays_key

OF_BANK = ('config', 'checkpoint', 'checkpoint_sha256', 'feature_file',
           'feature_file_sha256', 'model', 'layer', 'pooling', 'epoch')


def audit_provenance(bank: FeatureBank, tests: FeatureBank,
                     options: AuditOptions, candidates: Optional[int],
                     accuracy_source: Optional[str]) -> dict:
    """``provenance`` of the audit record.

    Args:
        bank (FeatureBank): Of the geometry.
        tests (FeatureBank): Of the accuracy.
        options (AuditOptions): What was asked for.
        candidates (int, optional): Nearest centres that each class was
            compared with; None for all classes.
        accuracy_source (str, optional): 'predictions', 'class_accuracy' or
            None.

    Returns:
        dict: Plain JSON.
    """
    told = bank.metadata
    record = {name: told.get(name) for name in OF_BANK}
    record.update(
        source=told.get('source', 'features'),
        geometry_split=told.get('split'),
        accuracy_split=tests.metadata.get('split'),
        accuracy_source=accuracy_source,
        geometry_fingerprint=_fingerprint(bank),
        accuracy_fingerprint=(_fingerprint(tests)
                              if accuracy_source == 'predictions' else None),
        options=options.of_geometry(),
        head_above=options.head_above,
        tail_below=options.tail_below,
        nearest_manifold_candidates=candidates,
        feature_dim=bank.features.shape[1],
        feature_dtype=str(bank.features.dtype),
        num_features=len(bank.features),
        num_classes=bank.num_classes,
        mmcurv=mmcurv.__version__,
        torch=str(torch.__version__),
        created=datetime.datetime.now(
            datetime.timezone.utc).isoformat(timespec='seconds'))
    return record


def _fingerprint(bank: FeatureBank) -> str:
    """That of the data set, else that of the labels and paths in order."""
    told = bank.metadata.get('fingerprint')
    if told:
        return told
    return arrays_key(
        np.asarray(bank.labels), names=bank.class_names, paths=bank.paths)
