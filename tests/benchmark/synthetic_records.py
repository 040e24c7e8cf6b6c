# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Records of runs as if they had been trained: ten classes each.

Every number of a record follows from the class accuracies by the package's
own functions, as in a real run.
"""
import hashlib
import os.path as osp

import numpy as np

from mmcurv.benchmark.configs import spec_hash
from mmcurv.evaluation.class_fairness import entered_classes, metric_values
from mmcurv.fairness import ClassAccuracy, fairness_summary, pearson

NAMES = ('plane', 'car', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship',
         'truck')
TESTED = 100  # images of each class
CREATED = '2026-01-01T00:00:00+00:00'


def class_counts(factor, most=5000):
    """Training images of the ten classes, exponentially fewer."""
    factor = factor or 1
    return [int(most * factor**(-c / 9)) for c in range(10)]


def run_record(spec, shift=0., epochs=200, history=True):
    """What ``run.json`` of a run would hold.

    CR gains six points in the rarest class and loses one in the largest.

    Args:
        spec (RunSpec): Whose record it is; its seed moves the accuracies.
        shift (float): Points added to every class.
        epochs (int): Trained.
        history (bool): With one value per epoch.
    """
    counts = class_counts(spec.imbalance_factor)
    luck = np.random.default_rng([spec.seed, len(spec.method)])
    rank = np.arange(10) / 9
    rarity = np.log(spec.imbalance_factor or 1) / np.log(100)
    accuracy = 90 - 45 * rank * rarity + shift + luck.normal(0, 1.5, 10)
    if spec.cr:
        accuracy += 7 * rank - 1 + luck.normal(0, 1, 10)
    last = _evaluation(accuracy, counts, epochs)
    best = _evaluation(accuracy + 0.6, counts, max(1, epochs - 13))
    shares = [result.pop('classes') for result in (last, best)]
    curvature = np.exp(2 - 3 * accuracy / 100 + luck.normal(0, 0.1, 10))
    text = f'options = {spec.options!r}  # {spec.config}\n'
    # run_state() takes a run for done if its config is that of the matrix.
    real = spec.config is not None and osp.isfile(spec.config)
    record = dict(
        schema='mmcurv.run',
        schema_version=1,
        created=CREATED,
        seed=spec.seed,
        config=dict(
            path=spec.config,
            hash=spec_hash(spec) if real else _sha256(text),
            text=text),
        code=dict(version='0.1.0', commit='a' * 40, clean=True),
        packages=dict(python='3.11.7', torch='2.6.0', numpy='2.2.0'),
        machine=dict(
            processor='A processor',
            cores=2,
            threads=1,
            memory_bytes=2**34,
            accelerators=[],
            processes=1,
            system='Linux'),
        split=dict(
            dataset='LongTailed(CIFAR10)',
            class_counts=counts,
            fingerprint=_sha256(f'{spec.dataset} {counts}')),
        protocol=dict(
            main='last',
            selection_split='test',
            best_by='overall',
            epochs=epochs,
            head_above=100,
            tail_below=20),
        results=dict(last=last, best=best),
        classes=[{
            'class': c,
            'name': NAMES[c],
            'train_count': counts[c],
            'test_count': TESTED,
            'last': shares[0][c],
            'best': shares[1][c]
        } for c in range(10)],
        geometry=_geometry(curvature, accuracy, epochs),
        cr=_cr() if spec.cr else None,
        cost=_cost(spec, counts, epochs))
    if history:
        record['history'] = _history(last['metrics'], epochs)
    return record


def _evaluation(accuracy, counts, epoch):
    correct = np.clip(accuracy, 0, 100).round().astype(int)  # of TESTED
    tested = np.full(10, TESTED)
    classes = ClassAccuracy(correct / tested, correct, tested)
    summary = fairness_summary(classes, counts)
    metrics = {
        name: None if np.isnan(value) else value
        for name, value in metric_values(summary).items()
    }
    return dict(
        epoch=epoch,
        metrics=metrics,
        classes_entered=entered_classes(summary),
        classes=(100 * classes.accuracy).tolist())


def _geometry(curvature, accuracy, epochs):
    logs = np.log(curvature)
    return dict(
        epoch=epochs,
        layer='head.fc',
        options=dict(k=40, tangent_dim=2),
        curvature=curvature.tolist(),
        log_curvature=logs.tolist(),
        curvature_variance=float(curvature.var()),
        log_curvature_variance=float(logs.var()),
        correlation=float(_pearson(curvature, accuracy)),
        log_correlation=float(_pearson(logs, accuracy)),
        entered=10)


def _pearson(x, y):
    return pearson(x, y, permutations=0, resamples=0).value


def _cr():
    return dict(
        layer='head.fc',
        start_epoch=6,
        refresh='batch',
        live='pool',
        mixed='skip',
        pool={},
        curvature=dict(tangent_dim=2),
        loss=dict(tau=100))


def _cost(spec, counts, epochs):
    seconds = 10. * epochs + spec.seed + (epochs if spec.cr else 0)
    return dict(
        seconds=seconds,
        training_seconds=0.9 * seconds,
        cr_seconds=float(epochs) if spec.cr else 0.,
        cr_share=epochs / (0.9 * seconds) if spec.cr else 0.,
        samples=epochs * sum(counts),
        parameters=464154,
        multiply_adds=69_000_000,
        peak_memory_bytes=2**30,
        peak_accelerator_bytes=None,
        starts=1)


def _history(metrics, epochs):
    numbers = list(range(1, epochs + 1))

    def towards(value):
        if value is None:
            return [None] * epochs
        return [value * epoch / epochs for epoch in numbers]

    return dict(
        epochs=numbers,
        **{
            key: towards(metrics[key])
            for key in ('overall', 'tail', 'variance')
        })


def _sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
