# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, and whether geometry goes with it.

The audit record is plain JSON: everything that is drawn or written comes
from it. nan, which JSON lacks, becomes null when it is written.
"""
from typing import Optional

import numpy as np

import mmcurv
from mmcurv.fairness import group_names
from .accuracy_summary import accuracy_summary
from .audit_input import check_input, input_warnings
from .audit_options import AuditOptions
from .audit_provenance import audit_provenance
from .audit_warnings import audit_warnings
from .calibration import calibration
from .class_reader import ClassReader
from .class_rows import class_rows, columns_of, confusion_rows
from .class_scores import class_scores
from .confusions import confusions, pairs_of
from .correlation_table import MEASURES, correlation_table
from .diagnosis import diagnose
from .feature_bank import FeatureBank
from .hardest_images import hardest_images
from .manifold_pairs import manifold_pairs
from .measure_classes import measure_classes, scratch_memory
from .progress import Progress, silent
from .result_cache import ResultCache, arrays_key

SCHEMA = 'mmcurv.audit'
SCHEMA_VERSION = 1
LISTED_CONFUSIONS = 30


def audit(geometry_bank: FeatureBank,
          accuracy_bank: Optional[FeatureBank] = None,
          options: AuditOptions = AuditOptions(),
          progress: Progress = silent,
          cache_file: Optional[str] = None,
          with_diagnosis: bool = False) -> dict:
    """Audit one classifier.

    Args:
        geometry_bank (FeatureBank): Features whose geometry is measured; the
            training split in the paper.
        accuracy_bank (FeatureBank, optional): Split on which the classes'
            accuracies stand, of the same classes. Defaults to None: the same
            bank.
        options (AuditOptions): See there; by default
            all its defaults.
        progress (Progress): Told how far the work is;
            by default nobody is.
        cache_file (str, optional): File in which results are kept as they
            come, and from which an interrupted audit of the same features
            and options goes on. Defaults to None.
        with_diagnosis (bool): Also measure the curvature in all the other
            ways, see :func:`~mmcurv.analysis.diagnosis.diagnose`. Defaults to
            False.

    Returns:
        dict: The audit record, of schema 'mmcurv.audit' version 1; see
        docs/audit.md. Accuracies are fractions.

    Raises:
        ValueError: If there are no samples, of fewer than 2 classes, the
            banks are of different classes, or features are not finite and
            ``options.drop_nan`` is False.
    """
    tests = geometry_bank if accuracy_bank is None else accuracy_bank
    finite = check_input(geometry_bank, tests, options)
    scores = class_scores(tests)
    names, size = geometry_bank.class_names, geometry_bank.num_classes
    train_counts = geometry_bank.train_counts
    if train_counts is None:
        train_counts = tests.train_counts
    reader = ClassReader(geometry_bank.features, geometry_bank.labels, size,
                         finite, options.scaling)
    cache = open_cache(geometry_bank, options, cache_file)
    geometry = measure_classes(reader, options, cache, progress)
    found = []
    if tests.predictions is not None:
        found = confusions(tests.labels, tests.predictions, size)
    listed = found[:LISTED_CONFUSIONS]
    pairs = manifold_pairs(reader, options.center_separation,
                           scratch_memory(reader, options.max_memory), cache,
                           pairs_of(listed), progress)
    rows = class_rows(geometry, scores, names, train_counts, found, pairs,
                      options)
    progress('Correlations', 0, 1)
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        provenance=audit_provenance(geometry_bank, tests, options,
                                    pairs.candidates, scores.source),
        summary=accuracy_summary(scores, train_counts, names, options),
        classes=rows,
        correlation=correlation_table(
            columns_of(rows, MEASURES), scores.accuracy, train_counts,
            options.seed),
        confusions=confusion_rows(listed, pairs, names),
        calibration=_calibration(tests, train_counts, options),
        hardest_images=hardest_images(tests, scores.accuracy),
        warnings=input_warnings(finite, geometry_bank, reader, options) +
        audit_warnings(rows, scores, options),
        layers={},
        diagnosis=None)
    progress('Correlations', 1, 1)
    if with_diagnosis:
        record['diagnosis'] = diagnose(reader, scores.accuracy, options, cache,
                                       progress)
    return record


def open_cache(bank: FeatureBank, options: AuditOptions,
               path: Optional[str]) -> ResultCache:
    """Cache of the geometry of a bank under these options.

    Args:
        bank (FeatureBank): Its features and labels enter the key.
        options (AuditOptions): Those of the geometry enter the key.
        path (str, optional): None for memory alone.

    Returns:
        ResultCache: With what is known already.
    """
    if path is None:
        return ResultCache()
    key = arrays_key(
        bank.features,
        bank.labels,
        version=mmcurv.__version__,
        num_classes=bank.num_classes,
        **options.of_geometry())
    return ResultCache(path, key)


def _calibration(tests: FeatureBank, train_counts: Optional[np.ndarray],
                 options: AuditOptions) -> Optional[dict]:
    if tests.predictions is None or tests.confidence is None:
        return None
    groups = None
    if train_counts is not None:
        groups = group_names(train_counts, options.head_above,
                             options.tail_below)
    return calibration(tests.labels, tests.predictions, tests.confidence,
                       groups)
