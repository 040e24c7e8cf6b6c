# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A made-up audit record with every field, for tests of what is drawn."""
import json
import math

import numpy as np
from scipy import stats

from mmcurv.audit.records import pack_images
from mmcurv.fairness import (accuracy_variance, class_mean, gini, group_names,
                             max_min_bias, wilson_interval, worst_class,
                             worst_fraction)

MEASURES = ('curvature', 'log_curvature', 'volume', 'separation', 'radius',
            'intrinsic_dimension', 'neighbor_purity', 'relative_spread',
            'train_count')


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
        intrinsic_dimension=9 + rng.normal(size=num_classes),
        neighbor_purity=np.clip(accuracy + rng.normal(0, 0.03, num_classes), 0,
                                1),
        relative_spread=-2 * accuracy + rng.normal(0, 0.2, num_classes))
    if counts:
        columns['train_count'] = train
    rows = _rows(names, columns, accuracy, correct, test, train, counts)
    correlation = _correlations(columns, accuracy, train, counts)
    audit = dict(
        schema='mmcurv.audit',
        schema_version=2,
        provenance=_provenance(num_classes, fingerprint),
        summary=_summary(accuracy, correct, test, train, counts, names),
        classes=rows,
        failing=[
            row['class']
            for row in sorted(rows, key=lambda row: row['failing_q'] or 0)
            if row['failing']
        ],
        classes_differ=dict(
            p_value=1e-5 if counts else math.nan,
            statistic=80.,
            df=num_classes - 1,
            method='chi-squared',
            permutations=0,
            entered=num_classes,
            why=None if counts else 'no test counts are known'),
        correlation=correlation,
        verdict=_verdict(correlation, num_classes, counts),
        comparable=dict(
            rule='more than k points',
            how='equal sizes',
            size=41,
            count=num_classes - 1,
            left_out=[num_classes - 1],
            why='Compared are the classes with more than k = 40 points, '
            'measured on 41 random points each.'),
        confusions=_confusions(names),
        confused_pairs=_pairs(names),
        images=None,
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
    p = np.array([
        stats.fisher_exact(
            [[right, n - right],
             [correct.sum() - right,
              test.sum() - n - correct.sum() + right]], 'less')[1]
        for right, n in zip(correct, test)
    ])
    q = stats.false_discovery_control(p)
    failing = q <= 0.05
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
            'comparable':
            c < len(names) - 1,
            'points_measured':
            41,
            'variance_explained':
            0.9,
            'normal_undetermined':
            0,
            'failing':
            bool(failing[c]) if counts else None,
            'failing_p':
            p[c] if counts else None,
            'failing_q':
            q[c] if counts else None,
            'precision':
            0.9 - 0.01 * (c % 10) if counts else None,
            'f1':
            0.8 - 0.01 * (c % 10) if counts else None,
            'predicted_count':
            90 if counts else None,
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
    spread = dict(
        sd=accuracy.std(),
        q10=np.quantile(accuracy, 0.1),
        q90=np.quantile(accuracy, 0.9))

    def entry(value, over_images, **more):
        value = float(value)
        ends = dict(low=None, high=None, interval=None)
        if over_images and counts:
            ends = dict(
                low=max(0., value - 0.03),
                high=value + 0.03,
                interval='images')
        return dict(
            dict(
                ends,
                value=value,
                entered=size,
                spread=None,
                corrected=None,
                noise=None), **more)

    worst = worst_class(accuracy)
    noisy = dict(corrected=0.02, noise=0.004) if counts else {}
    summary = dict(
        overall=entry(correct.sum() / test.sum(), True),
        class_mean=entry(class_mean(accuracy), True, spread=spread),
        macro_f1=entry(0.7 if counts else math.nan, False),
        variance=entry(accuracy_variance(accuracy), False, **noisy),
        bias=entry(max_min_bias(accuracy), False, **noisy),
        gini=entry(gini(accuracy), False, **noisy),
        worst_class=entry(
            worst.accuracy,
            False,
            **noisy,
            **{'class': worst.index},
            name=names[worst.index]),
        worst_10pct=entry(worst_fraction(accuracy).accuracy, False, **noisy))
    for name in ('head', 'middle', 'tail'):
        members = accuracy[group_names(train) == name]
        known = counts and members.size
        summary[name] = entry(
            members.mean() if known else math.nan,
            True,
            spread=spread if known else None,
            entered=members.size if counts else 0,
            classes=members.size if counts else 0)
    return summary


def _correlations(columns, accuracy, train, counts):
    correlation = {}
    contending = [
        key for key in MEASURES if key in columns and key != 'log_curvature'
    ]
    for measure in MEASURES:
        if measure not in columns:
            continue
        x = columns[measure][:-1].astype(float)  # the last is not comparable
        y = accuracy[:-1]
        linear, rank = stats.pearsonr(x, y), stats.spearmanr(x, y)
        alone = measure == 'train_count' or not counts
        correlation[measure] = dict(
            pearson=linear.statistic,
            pearson_p=linear.pvalue,
            spearman=rank.statistic,
            spearman_p=rank.pvalue,
            spearman_low=max(-1, rank.statistic - 0.2),
            spearman_high=min(1, rank.statistic + 0.2),
            holm_p=None if measure == 'log_curvature' else min(
                1,
                len(contending) * rank.pvalue),
            partial_pearson=None if alone else -0.1,
            partial_spearman=None if alone else -0.12,
            partial_p=None if alone else 0.6,
            given=[] if alone else ['train_count', 'separation'],
            entered=len(x),
            permutations=0,
            p_floor=None,
            why=None)
    return correlation


def _verdict(correlation, num_classes, counts):
    contenders = [key for key in correlation if key != 'log_curvature']
    strength = {key: abs(correlation[key]['spearman']) for key in contenders}
    order = sorted(contenders, key=lambda key: -strength[key])
    clear = [key for key in order if correlation[key]['holm_p'] <= 0.05]
    curvature = correlation['curvature']
    keys = ('spearman', 'holm_p', 'partial_spearman', 'partial_p', 'given')
    return dict(
        answer='clear' if clear else 'none_clear',
        best=order[0],
        clear=clear,
        contenders=contenders,
        alpha=0.05,
        classes=num_classes - 1,
        of=num_classes,
        curvature=dict({key: curvature[key]
                        for key in keys},
                       survives=False if counts else None),
        beaten_by=[
            key for key in clear if strength[key] > strength['curvature']
        ],
        sign_turns_with_k=None)


def _provenance(num_classes, fingerprint):
    return dict(
        source='features',
        has_geometry=True,
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
        points_per_class=41,
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


def _pairs(names):
    return [
        dict(
            a=c,
            b=c + 1,
            a_name=names[c],
            b_name=names[c + 1],
            a_as_b=20,
            b_as_a=10,
            count=30,
            share=0.15,
            separation=0.2) for c in range(min(len(names) - 1, 5))
    ]


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
        'all': dict(bins=bins, ece=0.05, entered=450, nll=1.2, brier=0.4),
        'tail': dict(bins=bins, ece=0.12, entered=45, nll=None, brier=None)
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


def set_correct(audit, correct):
    """Let the first images of the first classes be right, and all agree.

    Args:
        audit (dict): Of :func:`example_audit`, changed in place.
        correct (list[int]): Right ones of 100 images, of the first classes.
    """
    for row, value in zip(audit['classes'], correct):
        row.update(correct=value, accuracy=value / 100)
    rights = [row['correct'] for row in audit['classes']]
    audit['images'] = pack_images(
        np.repeat(np.arange(len(rights)), 100),
        np.concatenate([np.arange(100) < right for right in rights]))


def bare_audit(num_classes, known=True):
    """What is left if only features and class accuracies were given.

    Args:
        num_classes (int): C, at least 1.
        known (bool): Whether any accuracy or curvature is known.

    Returns:
        dict: Record without counts, correlations and all that is optional.
    """
    rng = np.random.default_rng(0)
    optional = dict.fromkeys(
        ('train_count', 'test_count', 'correct', 'wilson_low', 'wilson_high',
         'group', 'top_confusion', 'nearest_manifold', 'off_trend', 'failing',
         'failing_p', 'failing_q', 'precision', 'f1'))
    rows = [
        dict(
            optional, **{
                'class': c,
                'name': f'class {c}',
                'accuracy': rng.uniform() if known else None,
                'curvature': rng.uniform() if known else None
            }) for c in range(num_classes)
    ]
    absent = dict.fromkeys(
        ('value', 'low', 'high', 'interval', 'spread', 'corrected', 'noise'))
    summary = {
        name: dict(absent, entered=0)
        for name in ('overall', 'class_mean', 'head', 'middle', 'tail',
                     'macro_f1', 'variance', 'bias', 'gini', 'worst_class',
                     'worst_10pct')
    }
    if known:
        mean = float(np.mean([row['accuracy'] for row in rows]))
        summary['class_mean'].update(value=mean, entered=num_classes)
    provenance = dict(
        dict.fromkeys(_provenance(1, '')),
        source='features',
        has_geometry=True,
        num_classes=num_classes)
    curvature = dict.fromkeys(
        ('spearman', 'holm_p', 'partial_spearman', 'partial_p', 'survives'))
    return _plain(
        dict(
            schema='mmcurv.audit',
            schema_version=2,
            provenance=provenance,
            summary=summary,
            classes=rows,
            failing=[],
            classes_differ=dict(
                p_value=None,
                statistic=None,
                df=None,
                method=None,
                permutations=0,
                entered=0,
                why='no predictions'),
            correlation={},
            verdict=dict(
                answer='too_few' if known else 'no_accuracy',
                best=None,
                clear=[],
                contenders=[],
                alpha=0.05,
                classes=0,
                of=num_classes,
                curvature=dict(curvature, given=[]),
                beaten_by=[],
                sign_turns_with_k=None),
            comparable=dict(
                rule='more than k points',
                how='all points',
                size=None,
                count=num_classes,
                left_out=[],
                why=''),
            confusions=[],
            confused_pairs=[],
            images=None,
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
                measure: dict(spearman=-0.1 * i)
                for measure in ('curvature', 'separation', 'volume')
            })
        for i in (1, 2, 3)
    }
    return dict(audit, layers=layers)


def with_diagnosis(audit):
    """The same audit with 24 settings, of which those of k = 80 turn."""
    rows = [
        dict(
            k=k,
            tangent_dim=m,
            normal=normal,
            fit='symmetric',
            reduction=reduction,
            scale='raw',
            pearson=-0.3,
            spearman=None if
            (k, m) == (20, 8) else 0.1 if k == 80 else -0.01 * k,
            is_default=(k, m, normal, reduction) == (40, 2, 'smallest',
                                                     'mean'),
            unusable_share=0.01 * m,
            residual=0.2,
            kendall_to_default=0.8)
        for normal, reduction in (('smallest', 'mean'), ('next', 'mean'),
                                  ('smallest', 'geometric'), ('next',
                                                              'geometric'))
        for k in (20, 40, 80) for m in (2, 8)
    ]
    answer = dict(
        sign_turns_with_k=True,
        by_k=[
            dict(k=k, spearman=rho, kendall_to_default=0.8)
            for k, rho in ((20, -0.2), (40, -0.4), (80, 0.1))
        ],
        settings=20,
        same_sign=12,
        opposite_sign=8,
        lowest=-0.4,
        highest=0.1,
        trust='turns',
        sentence='The number cannot be trusted: its sign turns with k.')
    verdict = dict(audit['verdict'], sign_turns_with_k=True)
    return dict(
        audit, verdict=verdict, diagnosis=dict(rows=rows, answer=answer))
