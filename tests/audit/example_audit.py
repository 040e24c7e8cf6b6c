# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A made-up audit record with every field, for tests of what is drawn."""
import json
import math

import numpy as np

from mmcurv.fairness import (accuracy_variance, class_mean, gini, group_names,
                             max_min_bias, partial_correlation, pearson,
                             spearman, wilson_interval, worst_class,
                             worst_fraction)

MEASURES = ('curvature', 'log_curvature', 'volume', 'separation', 'radius',
            'intrinsic_dimension', 'train_count')
QUICK = dict(permutations=99, resamples=99)


def example_audit(num_classes=10,
                  names=None,
                  counts=True,
                  seed=0,
                  fingerprint='a' * 64):
    """Classes that are worse the more curved and the smaller they are.

    Args:
        num_classes (int): C, at least 4; partial correlations from 10 on.
        names (list[str], optional): C long. Defaults to None: 'class 0' on.
        counts (bool): Whether training and test counts are known.
        seed (int): Of accuracies and geometry.
        fingerprint (str): Of the accuracy split.

    Returns:
        dict: Record of schema 'mmcurv.audit', as read from JSON.
    """
    rng = np.random.default_rng(seed)
    names = names or [f'class {c}' for c in range(num_classes)]
    place = np.arange(num_classes) / (num_classes - 1)
    train = np.round(500 * 0.02**place).astype(int)
    wish = 0.9 - 0.5 * place + rng.normal(0, 0.08, num_classes)
    test = np.full(num_classes, 100)
    correct = rng.binomial(test, np.clip(wish, 0.02, 0.98))
    accuracy = correct / test
    curvature = np.exp(2 - 3 * accuracy + rng.normal(0, 0.3, num_classes))
    columns = dict(
        curvature=curvature,
        log_curvature=np.log(curvature),
        volume=40 + 5 * rng.normal(size=num_classes),
        separation=0.2 + 0.4 * accuracy,
        radius=1 + 0.1 * rng.normal(size=num_classes),
        intrinsic_dimension=9 + rng.normal(size=num_classes))
    if counts:
        columns['train_count'] = train
    rows = _rows(names, columns, accuracy, correct, test, train, counts)
    audit = dict(
        schema='mmcurv.audit',
        schema_version=1,
        provenance=_provenance(num_classes, fingerprint),
        summary=_summary(accuracy, correct, test, train, counts, names),
        classes=rows,
        correlation=_correlations(columns, accuracy, train, counts),
        confusions=_confusions(names),
        calibration=_calibration() if counts else None,
        hardest_images=[],
        warnings=[
            dict(
                kind='tiny_class',
                message='1 class has too few images for the fit.',
                classes=[num_classes - 1])
        ],
        layers={},
        diagnosis=None)
    return json.loads(json.dumps(_plain(audit)))


def _rows(names, columns, accuracy, correct, test, train, counts):
    wilson = wilson_interval(correct, test)
    groups = group_names(train)
    rank = (-columns['curvature']).argsort().argsort() + 1
    rows = []
    for c, name in enumerate(names):
        near = (c + 1) % len(names)
        row = {key: values[c] for key, values in columns.items()}
        row.update({
            'class':
            c,
            'name':
            name,
            'train_count':
            train[c] if counts else None,
            'test_count':
            test[c] if counts else None,
            'correct':
            correct[c] if counts else None,
            'accuracy':
            accuracy[c],
            'wilson_low':
            wilson.low[c] if counts else None,
            'wilson_high':
            wilson.high[c] if counts else None,
            'group':
            groups[c] if counts else None,
            'num_points':
            300,
            'points_used':
            299,
            'curvature_rank':
            rank[c],
            'top_confusion':
            dict([('class', near)], name=names[near], count=7, share=0.07),
            'nearest_manifold':
            dict([('class', near)], name=names[near], separation=0.2),
            'off_trend':
            2.5 if c == 1 else 0.1,
        })
        rows.append(row)
    rows[-1].update(
        curvature=math.nan,
        log_curvature=math.nan,
        curvature_rank=None,
        off_trend=None,
        points_used=0)
    return rows


def _summary(accuracy, correct, test, train, counts, names):
    size = len(accuracy)

    def entry(value, **more):
        bounds = dict(
            value=float(value),
            low=max(0.,
                    float(value) - 0.03),
            high=float(value) + 0.03,
            entered=size)
        return dict(bounds, **more)

    worst = worst_class(accuracy)
    summary = dict(
        overall=entry(correct.sum() / test.sum()),
        class_mean=entry(class_mean(accuracy)),
        variance=entry(accuracy_variance(accuracy)),
        bias=entry(max_min_bias(accuracy)),
        gini=entry(gini(accuracy)),
        worst_class=entry(
            worst.accuracy, **{'class': worst.index}, name=names[worst.index]),
        worst_10pct=entry(worst_fraction(accuracy).accuracy))
    for name in ('head', 'middle', 'tail'):
        members = accuracy[group_names(train) == name]
        known = counts and members.size
        summary[name] = entry(
            members.mean() if known else math.nan,
            entered=members.size if counts else 0,
            classes=members.size if counts else 0)
    return summary


def _correlations(columns, accuracy, train, counts):
    correlation = {}
    for measure in MEASURES:
        if measure not in columns:
            continue
        values = columns[measure].astype(float)
        linear = pearson(values, accuracy, **QUICK)
        rank = spearman(values, accuracy, **QUICK)
        partial = dict.fromkeys(
            ('partial_pearson', 'partial_spearman', 'partial_p'))
        if counts and measure != 'train_count' and len(train) > 9:
            given = partial_correlation(values, accuracy, train, **QUICK)
            ranked = partial_correlation(
                values, accuracy, train, kind='spearman', **QUICK)
            partial = dict(
                partial_pearson=given.value,
                partial_spearman=ranked.value,
                partial_p=given.p_value)
        correlation[measure] = dict(
            partial,
            pearson=linear.value,
            pearson_p=linear.p_value,
            pearson_low=linear.low,
            pearson_high=linear.high,
            spearman=rank.value,
            spearman_p=rank.p_value,
            spearman_low=rank.low,
            spearman_high=rank.high,
            entered=linear.entered)
    return correlation


def _provenance(num_classes, fingerprint):
    return dict(
        source='features',
        config=None,
        checkpoint=None,
        checkpoint_sha256=None,
        feature_file='features.npz',
        feature_file_sha256='f' * 64,
        model='ResNet-20',
        layer='input of the last classifier layer',
        pooling='avg',
        geometry_split='train',
        accuracy_split='test',
        geometry_fingerprint='9' * 64,
        accuracy_fingerprint=fingerprint,
        accuracy_fingerprint_of='data set',
        options=dict(
            k=40,
            tangent_dim=2,
            normal='smallest',
            fit='symmetric',
            ridge=1e-6,
            reduction='mean',
            center_separation=False),
        feature_dim=64,
        num_features=300 * num_classes,
        num_classes=num_classes,
        mmcurv='0.1.0',
        torch='2.8.0',
        created='2026-01-02T03:04:05+00:00')


def _confusions(names):
    return [{
        'true': c,
        'predicted': (c + 1) % len(names),
        'true_name': name,
        'predicted_name': names[(c + 1) % len(names)],
        'count': 30 - c,
        'share': (30 - c) / 100,
        'separation': 0.1 + 0.01 * c,
    } for c, name in enumerate(names[:12])]


def _calibration():
    bins = [
        dict(
            low=b / 10,
            high=(b + 1) / 10,
            confidence=b / 10 + 0.05,
            accuracy=b / 11,
            count=10 * b) for b in range(10)
    ]
    return {
        'all': dict(bins=bins, ece=0.05, entered=450),
        'tail': dict(bins=bins, ece=0.12, entered=45)
    }


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def bare_audit(num_classes, known=True):
    """What is left if only features and class accuracies were given.

    Args:
        num_classes (int): C, at least 1.
        known (bool): Whether any accuracy or curvature is known.

    Returns:
        dict: Record without counts, correlations and all that is optional.
    """
    rng = np.random.default_rng(0)
    rows = [{
        'class': c,
        'name': f'class {c}',
        'train_count': None,
        'test_count': None,
        'correct': None,
        'accuracy': rng.uniform() if known else None,
        'wilson_low': None,
        'wilson_high': None,
        'group': None,
        'curvature': rng.uniform() if known else None,
        'top_confusion': None,
        'nearest_manifold': None,
        'off_trend': None,
    } for c in range(num_classes)]
    absent = dict(value=None, low=None, high=None, entered=0)
    summary = {
        name: dict(absent)
        for name in ('overall', 'class_mean', 'head', 'middle', 'tail',
                     'variance', 'bias', 'gini', 'worst_class', 'worst_10pct')
    }
    if known:
        mean = float(np.mean([row['accuracy'] for row in rows]))
        summary['class_mean'].update(value=mean, entered=num_classes)
    provenance = dict(
        dict.fromkeys(_provenance(1, '')),
        source='features',
        num_classes=num_classes)
    return _plain(
        dict(
            schema='mmcurv.audit',
            schema_version=1,
            provenance=provenance,
            summary=summary,
            classes=rows,
            correlation={},
            confusions=[],
            calibration=None,
            hardest_images=[],
            warnings=[],
            layers={},
            diagnosis=None))


def with_layers(audit):
    """The same audit as if three layers had been looked at."""
    layers = {
        f'backbone.layer{i}':
        dict(
            correlation={
                measure: dict(pearson=-0.1 * i)
                for measure in ('curvature', 'separation', 'volume')
            })
        for i in (1, 2, 3)
    }
    return dict(audit, layers=layers)


def with_diagnosis(audit):
    """The same audit with four settings of each of five variants."""
    rows = [
        dict(
            k=k,
            tangent_dim=m,
            normal=normal,
            fit='symmetric',
            reduction=reduction,
            scale='raw',
            pearson=None if m == 8 else -0.01 * k,
            spearman=-0.4,
            unusable_share=0.01 * m,
            residual=0.2,
            kendall_to_default=0.8)
        for normal, reduction in (('smallest', 'mean'), ('next', 'mean'),
                                  ('smallest', 'geometric'),
                                  ('next', 'geometric'), ('next', 'median'))
        for k in (20, 40) for m in (2, 8)
    ]
    return dict(audit, diagnosis=dict(rows=rows))
