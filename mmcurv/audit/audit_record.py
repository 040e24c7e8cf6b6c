# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, and whether geometry goes with it.

The audit record is plain JSON: everything that is drawn or written comes
from it. nan, which JSON lacks, becomes null when it is written.
"""
import math
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

import mmcurv
from .accuracy import (FALSE_DISCOVERIES, MEASURES, ClassScores, Confusion,
                       accuracy_summary, calibration, class_scores,
                       confused_pairs, confusions, correlation_table, differ,
                       failing_classes, groups_of, hardest_images, off_trend,
                       pairs_of, precision_and_f1, top_of_each_class, verdict)
from .audit_input import (Comparable, check_input, check_memory,
                          comparable_classes, input_warnings)
from .audit_warnings import audit_warnings
from .feature_bank import FeatureBank
from .options import AuditOptions
from .provenance import audit_provenance, image_order
from .records import pack_images
from .result_cache import Progress, ResultCache, arrays_key, silent
from .shift_record import shift_record


def class_rows(geometry: Sequence[Dict[str, float]], scores: ClassScores,
               bank: FeatureBank, tests: FeatureBank,
               train_counts: Optional[np.ndarray], found: List[Confusion],
               pairs: Optional[Any], comparable: Comparable,
               options: AuditOptions) -> List[dict]:
    """Rows of all classes, in the order of the classes.

    Args:
        geometry (Sequence[dict]): C measures, of
            :func:`~mmcurv.audit.geometry.measure_classes`.
        scores (ClassScores): Of C classes.
        bank (FeatureBank): Of the geometry.
        tests (FeatureBank): Of the accuracy.
        train_counts (np.ndarray, optional): (C,) training images.
        found (list[Confusion]): All confusions, the most frequent first.
        pairs (ManifoldPairs, optional): Separation of pairs.
        comparable (Comparable): Classes that can be compared.
        options (AuditOptions): Thresholds of the groups.

    Returns:
        list[dict]: ``classes`` of the audit record.
    """
    names, size = bank.class_names, bank.num_classes
    groups = groups_of(train_counts, options)
    curvature, log_curvature = (
        np.array([row[key] for row in geometry], float)
        for key in ('curvature', 'log_curvature'))
    rank = _ranks(log_curvature)
    residual = off_trend(
        np.where(comparable.which, curvature, math.nan), scores.accuracy)
    top = top_of_each_class(found)
    nearest = [None] * size if pairs is None else pairs.nearest(size)
    failing = failing_classes(scores)
    f1 = {}
    if tests.predictions is not None:
        f1 = precision_and_f1(tests.labels, tests.predictions, size)
    rows = []
    for c, measures in enumerate(geometry):
        row = {'class': c, 'name': names[c]}
        q = float(failing['q'][c])
        row.update(
            train_count=None if train_counts is None else int(train_counts[c]),
            test_count=None if scores.count is None else int(scores.count[c]),
            correct=None if scores.correct is None else int(scores.correct[c]),
            accuracy=float(scores.accuracy[c]),
            wilson_low=float(scores.low[c]),
            wilson_high=float(scores.high[c]),
            failing=None if math.isnan(q) else q <= FALSE_DISCOVERIES,
            failing_p=float(failing['p'][c]),
            failing_q=q,
            predicted_count=int(f1['predicted_count'][c]) if f1 else None,
            precision=float(f1['precision'][c]) if f1 else None,
            f1=float(f1['f1'][c]) if f1 else None,
            group=None if groups is None else str(groups[c]),
            comparable=bool(comparable.which[c]),
            **measures)
        row.update(
            curvature_rank=rank[c],
            top_confusion=top.get(c) and _other(
                top[c].predicted,
                names,
                count=top[c].count,
                share=top[c].share),
            nearest_manifold=nearest[c]
            and _other(nearest[c][0], names, separation=nearest[c][1]),
            off_trend=None if math.isnan(residual[c]) else float(residual[c]))
        rows.append(row)
    return rows


def confusion_rows(found: Sequence[Confusion], pairs: Optional[Any],
                   class_names: Sequence[str]) -> List[dict]:
    """``confusions`` of the audit record.

    Args:
        found (Sequence[Confusion]): Those to list.
        pairs (ManifoldPairs, optional): Separation of pairs.
        class_names (Sequence[str]): C raw names.

    Returns:
        list[dict]: The separation is that of the true class from the
        predicted one; nan where it was not measured.
    """
    apart = {} if pairs is None else pairs.separation
    return [
        dict(
            true=pair.true,
            predicted=pair.predicted,
            true_name=class_names[pair.true],
            predicted_name=class_names[pair.predicted],
            count=pair.count,
            share=pair.share,
            separation=apart.get((pair.true, pair.predicted), math.nan))
        for pair in found
    ]


def pair_rows(found: Sequence[dict], pairs: Optional[Any],
              class_names: Sequence[str]) -> List[dict]:
    """``confused_pairs`` of the audit record: the smaller separation."""
    apart = {} if pairs is None else pairs.separation
    rows = []
    for pair in found:
        degrees = [
            apart.get(key, math.nan)
            for key in ((pair['a'], pair['b']), (pair['b'], pair['a']))
        ]
        rows.append(
            dict(
                pair,
                a_name=class_names[pair['a']],
                b_name=class_names[pair['b']],
                separation=min(degrees)))
    return rows


def columns_of(rows: Sequence[dict],
               names: Sequence[str],
               which: Optional[np.ndarray] = None) -> Dict[str, np.ndarray]:
    """Columns of ``classes`` that are known for any class, (C,) float64.

    Args:
        rows (Sequence[dict]): C of them.
        names (Sequence[str]): Columns.
        which (np.ndarray, optional): (C,) bool, others become nan. Defaults
            to None: all.

    Returns:
        dict: Name to column.
    """
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if any(value is not None for value in values):
            columns[name] = np.array(values, np.float64)  # None becomes nan
            if which is not None:
                columns[name][~which] = math.nan
    return columns


def _ranks(log_curvature: np.ndarray) -> List[Optional[int]]:
    """1 for the most curved class; None where it is not known."""
    ranks = [None] * len(log_curvature)
    known = np.flatnonzero(~np.isnan(log_curvature))
    order = known[np.argsort(-log_curvature[known], kind='stable')]
    for place, c in enumerate(order.tolist()):
        ranks[c] = place + 1
    return ranks


def _other(c: Optional[int], class_names: Sequence[str],
           **more) -> Optional[dict]:
    """Another class in the row of a class, None if there is none."""
    return None if c is None else {'class': c, 'name': class_names[c], **more}


SCHEMA = 'mmcurv.audit'
SCHEMA_VERSION = 2
LISTED_CONFUSIONS = 30
OF_GEOMETRY = ('points_measured', 'points_used', 'curvature', 'log_curvature',
               'volume', 'radius', 'intrinsic_dimension', 'fit_residual',
               'variance_explained', 'fit_condition', 'ill_conditioned',
               'normal_undetermined', 'separation', 'neighbor_purity',
               'relative_spread')


def audit_banks(geometry_bank: FeatureBank,
                accuracy_bank: Optional[FeatureBank] = None,
                options: AuditOptions = AuditOptions(),
                progress: Progress = silent,
                cache_file: Optional[str] = None,
                with_diagnosis: bool = False) -> dict:
    """Audit one classifier.

    Args:
        geometry_bank (FeatureBank): Features whose geometry is measured; the
            training split in the paper. Without features only the accuracy
            is looked at.
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
        dict: The audit record, of schema 'mmcurv.audit' version 2; see
        docs/audit.md. Accuracies are fractions.

    Raises:
        ValueError: If there are no samples, of fewer than 2 classes, the
            banks are of different classes, or features are not finite and
            ``options.drop_nan`` is False.
    """
    bank, tests = geometry_bank, accuracy_bank or geometry_bank
    finite = check_input(bank, tests, options)
    scores = class_scores(tests)
    names, size = bank.class_names, bank.num_classes
    train_counts = bank.train_counts
    if train_counts is None:
        train_counts = tests.train_counts
    found = []
    if tests.predictions is not None:
        found = confusions(tests.labels, tests.predictions, size)
    listed = found[:LISTED_CONFUSIONS]
    two_way = []
    if found:
        two_way = confused_pairs(found, scores.count)[:LISTED_CONFUSIONS]
    wanted = pairs_of(listed) + [(pair['a'], pair['b']) for pair in two_way]
    count = np.bincount(bank.labels[finite], minlength=size)
    comparable = comparable_classes(count, options)
    reader = pairs = cache = None
    if bank.features is None:
        geometry = [dict.fromkeys(('num_points', *OF_GEOMETRY))] * size
        comparable = comparable._replace(
            which=np.zeros(size, bool),
            size=None,
            how='all points',
            why='There are no features.')
    else:
        reader, cache, geometry, pairs = _geometry(bank, finite, comparable,
                                                   wanted, options, progress,
                                                   cache_file)
        geometry = [
            dict(num_points=int(n), **row) for n, row in zip(count, geometry)
        ]
    rows = class_rows(geometry, scores, bank, tests, train_counts, found,
                      pairs, comparable, options)
    progress('Correlations', 0, 1)
    correlation = {}
    if reader is not None and scores.source is not None:
        correlation = correlation_table(
            columns_of(rows, MEASURES, comparable.which), scores.accuracy,
            options.seed)
    f1 = None
    if tests.predictions is not None:
        f1 = np.array([row['f1'] for row in rows])
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        provenance=audit_provenance(bank, tests, options,
                                    pairs.candidates if pairs else None,
                                    comparable.size if reader else None,
                                    scores.source),
        summary=accuracy_summary(scores, train_counts, tests, options, f1),
        classes=rows,
        failing=[
            row['class']
            for row in sorted((row for row in rows if row['failing']),
                              key=lambda row: (row['failing_q'], row[
                                  'failing_p'], row['class']))
        ],
        classes_differ=differ(scores, options.seed),
        correlation=correlation,
        verdict=verdict(correlation, reader is not None, scores.source
                        is not None, int(comparable.which.sum()), size),
        comparable=dict(
            rule=f'more than k={options.k} points',
            how=comparable.how,
            size=comparable.size,
            count=int(comparable.which.sum()),
            left_out=np.flatnonzero(~comparable.which).tolist(),
            why=comparable.why),
        confusions=confusion_rows(listed, pairs, names),
        confused_pairs=pair_rows(two_way, pairs, names),
        calibration=None if tests.predictions is None
        or tests.confidence is None else calibration(
            tests, groups_of(train_counts, options)),
        hardest_images=hardest_images(tests, scores.accuracy),
        images=_images(tests),
        warnings=input_warnings(finite, bank, reader, options) +
        audit_warnings(rows, scores, options, reader),
        layers={},
        diagnosis=None,
        shift=shift_record(
            tests, train_counts,
            bank.features if tests is bank and finite.all() else None,
            options.seed))
    progress('Correlations', 1, 1)
    if with_diagnosis and reader is not None:
        from .diagnosis import diagnose
        record['diagnosis'] = found = diagnose(
            reader, np.where(comparable.which, scores.accuracy, math.nan),
            options, cache, progress)
        record['verdict']['sign_turns_with_k'] = found['answer'][
            'sign_turns_with_k']
    return record


def _geometry(bank: FeatureBank, finite: np.ndarray, comparable: Comparable,
              wanted: list, options: AuditOptions, progress: Progress,
              cache_file: Optional[str]) -> tuple:
    # torch, which an audit of predictions alone does without.
    from .class_reader import ClassReader
    from .geometry import (manifold_pairs, measure_classes, memory_needed,
                           scratch_memory)
    reader = ClassReader(bank.features, bank.labels, bank.num_classes, finite,
                         options.scaling, comparable.size, options.seed,
                         options.max_memory // 8)
    check_memory(memory_needed(reader))
    cache = open_cache(bank, options, cache_file)
    geometry = measure_classes(reader, options, cache, progress)
    pairs = manifold_pairs(reader, options.center_separation,
                           scratch_memory(reader, options.max_memory), cache,
                           wanted, progress)
    return reader, cache, geometry, pairs


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


def _images(tests: FeatureBank) -> Optional[dict]:
    """Which test images were right, for whoever compares two audits."""
    if tests.predictions is None:
        return None
    order = image_order(tests)
    labels = tests.labels[order]
    return pack_images(labels, tests.predictions[order] == labels)


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
            :func:`~mmcurv.audit.audit_record.audit_banks`. Defaults
            to None: each layer's own bank.
        options (AuditOptions): See there; by default
            all its defaults.
        progress (Progress): Told how far the work is;
            by default nobody is.
        cache_file (str, optional): As in
            :func:`~mmcurv.audit.audit_record.audit_banks`; each layer appends
            its number. Defaults to None.
        with_diagnosis (bool): As in
            :func:`~mmcurv.audit.audit_record.audit_banks`, of ``main`` alone.
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

        records[layer] = audit_banks(
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
