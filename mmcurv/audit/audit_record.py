# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, and whether geometry goes with it.

The audit record is plain JSON: everything that is drawn or written comes
from it. nan, which JSON lacks, becomes null when it is written.
"""
import datetime
import math
import os
import os.path as osp
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

import mmcurv
from .accuracy import (FALSE_DISCOVERIES, MEASURES, ClassScores, Confusion,
                       accuracy_summary, calibration, class_scores,
                       confused_pairs, confusions, correlation_table, differ,
                       failing_classes, groups_of, hardest_images, off_trend,
                       pairs_of, precision_and_f1, top_of_each_class, verdict)
from .audit_warnings import audit_warnings, warning
from .feature_bank import FeatureBank, check_bank
from .feature_files import KEYS, check_finite, describe_unusable, finite_rows
from .options import AuditOptions
from .records import pack_images
from .result_cache import Progress, ResultCache, arrays_key, silent
from .shift_record import shift_record

NEARLY_EQUAL = 1.1  # sizes that measure a volume alike


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
            banks are of different classes, features are not finite, or one
            class and a few matrices do not fit into memory.
    """
    check_bank(bank)
    check_bank(tests)
    if not len(bank.labels):
        raise ValueError('expected samples, got an empty set of features. '
                         'Check the split, or what wrote them.')
    if bank.class_names != tests.class_names:
        only = set(bank.class_names) ^ set(tests.class_names)
        told = f'only one of them has {_few(sorted(only))}' if only else (
            'their order differs')
        raise ValueError(
            'expected both splits to have the same classes in the same '
            f'order, got {bank.num_classes} ({_few(bank.class_names)}) for '
            f'the geometry and {tests.num_classes} '
            f'({_few(tests.class_names)}) for the accuracy; {told}. Give '
            'class_names (--class-names FILE), the list of all classes, '
            'for both.')
    present = np.unique(bank.labels)
    if len(present) < 2:
        name = bank.class_names[present[0]]
        raise ValueError(
            f'expected samples of at least 2 classes, got only {name!r} '
            f'({len(bank.labels)} samples): an audit compares classes. Check '
            'the labels; for one point cloud use mmcurv.geometry.')
    if bank.features is None:
        return np.ones(len(bank.labels), bool)
    finite = finite_rows(bank.features)
    if not options.drop_nan:
        check_finite(finite, bank.labels, bank.class_names)
    elif not finite.any():
        raise ValueError('expected finite features, but every sample holds '
                         'NaN or infinity: nothing is left to measure.')
    return finite


def check_memory(needed: int) -> None:
    """Raise ValueError if the machine cannot hold what an audit must hold."""
    try:
        there = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, OSError, ValueError):  # no such system call
        return
    if needed > there:
        raise ValueError(
            f'expected features that one class of and a few (p, p) matrices '
            f'fit into memory, but these need {needed / 2**30:.1f} GiB of '
            f'{there / 2**30:.1f} GiB. Pool the features, project them on '
            'fewer dimensions, or give --class-size a number.')


class Comparable(NamedTuple):
    """Which classes can be compared, and on how many points.

    Attributes:
        which (np.ndarray): (C,) bool.
        size (int, optional): Points that each class is measured on at most;
            None for all that it has.
        how (str): 'all points' or 'equal sizes'.
        why (str): One sentence.
    """
    which: np.ndarray
    size: Optional[int]
    how: str
    why: str


def comparable_classes(count: np.ndarray, options: AuditOptions) -> Comparable:
    """Classes whose curvature means the same.

    A class of at most k points is one neighbourhood. Volume and intrinsic
    dimension grow with the number of points: where numbers differ, as many
    of each class are drawn. The size is that of the largest (classes that
    have so many) x log(size).

    Args:
        count (np.ndarray): (C,) points of each class.
        options (AuditOptions): k and ``class_size``.

    Returns:
        Comparable: See there.
    """
    k, enough = options.k, count > options.k
    sizes = np.unique(count[enough])
    size = options.class_size if isinstance(options.class_size, int) else None
    if options.class_size == 'equal' and len(sizes) and (
            sizes[-1] > NEARLY_EQUAL * sizes[0]):
        kept = (count[:, None] >= sizes).sum(0) * np.log(sizes)
        size = int(sizes[kept.argmax()])
    if size is None:
        which, have = enough, f'more than k={k} points'
        how, all_have = 'all points', ''
    else:
        which, have = enough & (count >= min(size, count.max())), (
            f'{size} points')
        how = 'equal sizes'
        all_have = (f'Class sizes differ ({count[count > 0].min()} to '
                    f'{count.max()}), so each class was measured on {size} '
                    'random points. ')
    left = int((~which).sum())
    if left:
        why = (f'{all_have}{left} of {len(count)} classes have fewer than '
               f'{size} points and are left out.' if size else
               f'{left} of {len(count)} classes have at most k={k} points '
               'and are left out.')
    else:
        why = f'{all_have}All {len(count)} classes have {have}.'
    return Comparable(which, size, how, why)


def input_warnings(finite: np.ndarray, bank: FeatureBank, reader,
                   options: AuditOptions) -> List[dict]:
    """Warnings about what was read.

    Args:
        finite (np.ndarray): (N,) bool, the samples that are used.
        bank (FeatureBank): Of the geometry.
        reader (ClassReader, optional): Of its classes; None without features.
        options (AuditOptions): The bound on memory.

    Returns:
        list[dict]: As those of
        :func:`~mmcurv.audit.audit_warnings.audit_warnings`.
    """
    found = []
    unused = bank.metadata.get('unused')
    if unused:
        found.append(
            warning(
                'unused', f'Not used: {_few(unused)} of the file. What an '
                f'audit reads is called {", ".join(KEYS)}.'))
    if not finite.all():
        text = describe_unusable(finite, bank.labels, bank.class_names)
        found.append(
            warning(
                'dropped', f'Of the features, {text}. These samples were '
                'left out of the geometry.',
                classes_unusable(finite, bank.labels)))
    if reader is not None:
        found += _memory(reader, options)
    return found


def _memory(reader, options: AuditOptions) -> List[dict]:
    from .geometry import memory_needed
    needed = memory_needed(reader)
    if needed <= options.max_memory:
        return []
    return [
        warning(
            'memory', f'The largest class and the matrices of '
            f'{reader.feature_dim} features take about '
            f'{needed / 2**20:.0f} MiB, more than the '
            f'{options.max_memory / 2**20:.0f} MiB that were allowed.')
    ]


def classes_unusable(finite: np.ndarray, labels: np.ndarray) -> List[int]:
    """Classes that have a sample that is not finite, ascending."""
    return np.unique(labels[~finite]).tolist()


def _few(names: List[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')


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
            top_confusion=_top_confusion(top.get(c), names),
            nearest_manifold=_nearest(nearest[c], names),
            off_trend=None if math.isnan(residual[c]) else float(residual[c]))
        rows.append(row)
    return rows


def failing_of(rows: Sequence[dict]) -> List[int]:
    """The failing classes, the most certain first."""
    found = [row for row in rows if row['failing']]
    found.sort(
        key=lambda row: (row['failing_q'], row['failing_p'], row['class']))
    return [row['class'] for row in found]


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
        failing=failing_of(rows),
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
        calibration=_calibration(tests, groups_of(train_counts, options)),
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


def _calibration(tests: FeatureBank,
                 groups: Optional[np.ndarray]) -> Optional[dict]:
    if tests.predictions is None or tests.confidence is None:
        return None
    return calibration(tests, groups)


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
