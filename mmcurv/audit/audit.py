# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, and whether geometry goes with it.

The audit record is plain JSON: everything that is drawn or written comes
from it. nan, which JSON lacks, becomes null when it is written.
"""
import datetime
import math
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

import mmcurv
from mmcurv.fairness import group_names
from .accuracy import (MEASURES, ClassScores, Confusion, accuracy_summary,
                       calibration, class_scores, confusions,
                       correlation_table, hardest_images, off_trend, pairs_of,
                       top_of_each_class)
from .audit_warnings import audit_warnings, warning
from .class_reader import (ClassReader, Progress, ResultCache, arrays_key,
                           silent)
from .diagnosis import diagnose
from .feature_bank import FeatureBank, check_bank
from .feature_files import (check_finite, classes_unusable, describe_unusable,
                            finite_rows)
from .geometry import (ManifoldPairs, manifold_pairs, measure_classes,
                       memory_needed, scratch_memory)
from .options import AuditOptions


def check_input(bank: FeatureBank, tests: FeatureBank,
                options: AuditOptions) -> np.ndarray:
    """Say what bars an audit, or which samples it can use.

    Args:
        bank (FeatureBank): Of the geometry.
        tests (FeatureBank): Of the accuracy.
        options (AuditOptions): Whether NaN may be dropped.

    Returns:
        np.ndarray: (N,) bool, the samples with finite features.

    Raises:
        ValueError: If there are no samples, of fewer than 2 classes, the
            banks are of different classes, or features are not finite.
    """
    check_bank(bank)
    check_bank(tests)
    if not len(bank.features):
        raise ValueError('expected samples, got an empty set of features. '
                         'Check the split, or what wrote them.')
    if bank.class_names != tests.class_names:
        raise ValueError(
            'expected both splits to have the same classes in the same '
            f'order, got {bank.num_classes} ({_few(bank.class_names)}) for '
            f'the geometry and {tests.num_classes} '
            f'({_few(tests.class_names)}) for the accuracy. Extract both '
            'with one config.')
    present = np.unique(bank.labels)
    if len(present) < 2:
        name = bank.class_names[present[0]]
        raise ValueError(
            f'expected samples of at least 2 classes, got only {name!r} '
            f'({len(bank.labels)} samples): an audit compares classes. Check '
            'the labels; for one point cloud use mmcurv.geometry.')
    finite = finite_rows(bank.features)
    if not options.drop_nan:
        check_finite(finite, bank.labels, bank.class_names)
    elif not finite.any():
        raise ValueError('expected finite features, but every sample holds '
                         'NaN or infinity: nothing is left to measure.')
    return finite


def input_warnings(finite: np.ndarray, bank: FeatureBank, reader: ClassReader,
                   options: AuditOptions) -> List[dict]:
    """Warnings about what was read.

    Args:
        finite (np.ndarray): (N,) bool, the samples that are used.
        bank (FeatureBank): Of the geometry.
        reader (ClassReader): Of its classes.
        options (AuditOptions): The bound on memory.

    Returns:
        list[dict]: As those of
        :func:`~mmcurv.audit.audit_warnings.audit_warnings`.
    """
    found = []
    if not finite.all():
        text = describe_unusable(finite, bank.labels, bank.class_names)
        found.append(
            warning(
                'dropped', f'Of the features, {text}. These samples were '
                'left out of the geometry.',
                classes_unusable(finite, bank.labels)))
    needed = memory_needed(reader)
    if needed > options.max_memory:
        found.append(
            warning(
                'memory', f'The largest class and the matrices of '
                f'{reader.feature_dim} features take about '
                f'{needed / 2**20:.0f} MiB, more than the '
                f'{options.max_memory / 2**20:.0f} MiB that were allowed.'))
    return found


def _few(names: List[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')


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


def class_rows(geometry: Sequence[Dict[str, float]], scores: ClassScores,
               class_names: Sequence[str], train_counts: Optional[np.ndarray],
               found: List[Confusion], pairs: ManifoldPairs,
               options: AuditOptions) -> List[dict]:
    """Rows of all classes, in the order of the classes.

    Args:
        geometry (Sequence[dict]): C measures, of
            :func:`~mmcurv.audit.geometry.measure_classes`.
        scores (ClassScores): Of C classes.
        class_names (Sequence[str]): C raw names.
        train_counts (np.ndarray, optional): (C,) training images.
        found (list[Confusion]): All confusions, the most frequent first.
        pairs (ManifoldPairs): Separation of pairs.
        options (AuditOptions): Thresholds of the groups.

    Returns:
        list[dict]: ``classes`` of the audit record.
    """
    size = len(class_names)
    groups = [None] * size
    if train_counts is not None:
        groups = group_names(train_counts, options.head_above,
                             options.tail_below).tolist()
    curvature = np.array([row['curvature'] for row in geometry], float)
    log_curvature = np.array([row['log_curvature'] for row in geometry], float)
    rank = _ranks(log_curvature)
    residual = off_trend(curvature, scores.accuracy)
    top, nearest = top_of_each_class(found), pairs.nearest(size)
    rows = []
    for c, measures in enumerate(geometry):
        row = {'class': c, 'name': class_names[c]}
        row.update(
            train_count=None if train_counts is None else int(train_counts[c]),
            test_count=None if scores.count is None else int(scores.count[c]),
            correct=None if scores.correct is None else int(scores.correct[c]),
            accuracy=float(scores.accuracy[c]),
            wilson_low=float(scores.low[c]),
            wilson_high=float(scores.high[c]),
            group=groups[c],
            **measures)
        row.update(
            curvature_rank=rank[c],
            top_confusion=_top_confusion(top.get(c), class_names),
            nearest_manifold=_nearest(nearest[c], class_names),
            off_trend=None if math.isnan(residual[c]) else float(residual[c]))
        rows.append(row)
    return rows


def confusion_rows(found: Sequence[Confusion], pairs: ManifoldPairs,
                   class_names: Sequence[str]) -> List[dict]:
    """``confusions`` of the audit record.

    Args:
        found (Sequence[Confusion]): Those to list.
        pairs (ManifoldPairs): Separation of pairs.
        class_names (Sequence[str]): C raw names.

    Returns:
        list[dict]: The separation is that of the true class from the
        predicted one; nan where it was not measured.
    """
    return [
        dict(
            true=pair.true,
            predicted=pair.predicted,
            true_name=class_names[pair.true],
            predicted_name=class_names[pair.predicted],
            count=pair.count,
            share=pair.share,
            separation=pairs.separation.get((pair.true, pair.predicted),
                                            math.nan)) for pair in found
    ]


def columns_of(rows: Sequence[dict],
               names: Sequence[str]) -> Dict[str, np.ndarray]:
    """Columns of ``classes`` that are known for any class, (C,) float64."""
    columns = {}
    for name in names:
        key = 'train_count' if name == 'train_count' else name
        values = [row[key] for row in rows]
        if any(value is not None for value in values):
            columns[name] = np.array(values, np.float64)  # None becomes nan
    return columns


def _ranks(log_curvature: np.ndarray) -> List[Optional[int]]:
    """1 for the most curved class; None where it is not known."""
    ranks = [None] * len(log_curvature)
    known = np.flatnonzero(~np.isnan(log_curvature))
    order = known[np.argsort(-log_curvature[known], kind='stable')]
    for place, c in enumerate(order.tolist()):
        ranks[c] = place + 1
    return ranks


def _top_confusion(found: Optional[Confusion],
                   class_names: Sequence[str]) -> Optional[dict]:
    if found is None:
        return None
    return {
        'class': found.predicted,
        'name': class_names[found.predicted],
        'count': found.count,
        'share': found.share
    }


def _nearest(found: Optional[tuple],
             class_names: Sequence[str]) -> Optional[dict]:
    if found is None:
        return None
    other, separation = found
    return {
        'class': other,
        'name': class_names[other],
        'separation': separation
    }


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
            ways, see :func:`~mmcurv.audit.diagnosis.diagnose`. Defaults to
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


def audit_layers(banks: Dict[str, FeatureBank],
                 main: str,
                 accuracy_bank: Optional[FeatureBank] = None,
                 options: AuditOptions = AuditOptions(),
                 progress: Progress = silent,
                 cache_file: Optional[str] = None,
                 with_diagnosis: bool = False) -> dict:
    """Audit one classifier at several layers.

    Args:
        banks (dict): Layer to its features of one split.
        main (str): Layer that the record is about.
        accuracy_bank (FeatureBank, optional): As in
            :func:`~mmcurv.audit.audit.audit`. Defaults
            to None: each layer's own bank.
        options (AuditOptions): See there; by default
            all its defaults.
        progress (Progress): Told how far the work is;
            by default nobody is.
        cache_file (str, optional): As in
            :func:`~mmcurv.audit.audit.audit`; each layer appends
            its number. Defaults to None.
        with_diagnosis (bool): As in
            :func:`~mmcurv.audit.audit.audit`, of ``main`` alone.
            Defaults to False.

    Returns:
        dict: The record of ``main``, whose ``layers`` hold, for every layer
        in the given order, its correlations, feature_dim, and for each class
        the measures of its geometry.
    """
    records = {}
    for place, (layer, bank) in enumerate(banks.items()):

        def told(stage: str, done: int, total: int) -> None:
            progress(f'{layer}: {stage}', done, total)

        records[layer] = audit(
            bank, accuracy_bank, options, told if len(banks) > 1 else progress,
            None if cache_file is None else f'{cache_file}.{place}',
            with_diagnosis and layer == main)
    record = records[main]
    measured = ('class', 'num_points', 'points_used', *MEASURES)
    record['layers'] = {
        layer:
        dict(
            feature_dim=own['provenance']['feature_dim'],
            correlation=own['correlation'],
            classes=[{
                key: row[key]
                for key in measured if key in row
            } for row in own['classes']])
        for layer, own in records.items()
    }
    return record


RUN_SCHEMA = 'mmcurv.audits_of_run'
RUN_SCHEMA_VERSION = 1


def audits_of_run(audits: Sequence[Tuple[str, int, str, dict]],
                  kind: str) -> dict:
    """What a run's audits say, checkpoint by checkpoint.

    Args:
        audits (Sequence[tuple]): Tag such as 'epoch_012', number, path of its
            ``audit.json`` relative to this record, and the audit record.
        kind (str): What the number counts, 'epoch' or 'iter'.

    Returns:
        dict: Record with ``checkpoints``, each with tag, number, audit (the
        path), summary, correlation, and ``measures``: for each the mean and
        the population variance over the classes that entered, whose number
        stands beside.
    """
    return dict(
        schema=RUN_SCHEMA,
        schema_version=RUN_SCHEMA_VERSION,
        kind=kind,
        checkpoints=[
            dict(
                tag=tag,
                number=number,
                audit=path,
                checkpoint=record['provenance']['checkpoint'],
                summary=record['summary'],
                correlation=record['correlation'],
                measures=_measures(record['classes']))
            for tag, number, path, record in audits
        ])


def _measures(rows: List[dict]) -> Dict[str, dict]:
    measures = {}
    for name, values in columns_of(rows, ('accuracy', *MEASURES)).items():
        values = values[np.isfinite(values)]
        known = len(values) > 0
        measures[name] = dict(
            mean=float(values.mean()) if known else None,
            variance=float(values.var()) if known else None,
            entered=len(values))
    return measures
