# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One metric for all class-fairness numbers."""
import logging
import os.path as osp
from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmcurv.fairness import (ClassAccuracy, FairnessSummary, class_accuracy,
                             fairness_summary, group_names, wilson_interval)
from mmcurv.files import write_csv, write_json
from mmcurv.registry import METRICS

SCHEMA = 'mmcurv.class_accuracy'
SCHEMA_VERSION = 1
UNITS = dict(
    accuracies='percent',
    variance='population variance of fractions',
    bias='ratio of accuracies minus 1',
    gini='fraction')


@METRICS.register_module()
class ClassFairness(BaseMetric):
    """How well, and how unequally, a classifier does on its classes.

    Gives ``overall``, ``class_mean``, ``head``, ``middle``, ``tail``,
    ``worst_class``, ``worst_10pct``, ``harmonic_mean`` and
    ``geometric_mean`` in percent, and ``variance`` (population variance),
    ``bias`` and ``gini`` of accuracies as fractions; see
    :mod:`mmcurv.fairness` for each. nan stands for no class.

    Each evaluation also writes one row per class and all the numbers to
    ``<out_dir>/<tag>.json`` and ``.csv``. ``mmcurv.ClassCountsHook`` sets
    ``train_counts``, ``out_dir`` and ``tag`` (such as ``epoch_012``) where the
    config does not; without it, give the first two as arguments.

    mmengine guesses from a key whether more is better, and cannot for these:
    with ``save_best`` give ``rule='greater'``, or ``'less'`` for variance,
    bias and gini.

    Args:
        num_classes (int, optional): C. Defaults to None: as many as
            ``train_counts``, the test set's class names, or the scores say.
        train_counts (Sequence[int], optional): (C,) training images of every
            class. Defaults to None: from ``mmcurv.ClassCountsHook``.
        out_dir (str, optional): Folder of the files. Defaults to None: from
            ``mmcurv.ClassCountsHook``, without which none are written. Two
            metrics of one run need two folders.
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.
        confidence (float): Of the Wilson interval of each class, in (0, 1).
            Defaults to 0.95.
        collect_device (str): 'cpu' or 'gpu', where the ranks' results meet.
            Defaults to 'cpu'.
        prefix (str, optional): First part of the keys. Defaults to None,
            which is 'fairness'.
        collect_dir (str, optional): Folder where the ranks' results meet on
            the CPU. Defaults to None.

    Examples:
        >>> val_evaluator = [
        ...     dict(type='Accuracy'),
        ...     dict(type='mmcurv.ClassFairness')
        ... ]
        >>> default_hooks = dict(
        ...     class_counts=dict(type='mmcurv.ClassCountsHook'),
        ...     checkpoint=dict(
        ...         type='CheckpointHook',
        ...         save_best='fairness/class_mean',
        ...         rule='greater'))
    """
    default_prefix: Optional[str] = 'fairness'

    def __init__(self,
                 num_classes: Optional[int] = None,
                 train_counts: Optional[Sequence[int]] = None,
                 out_dir: Optional[str] = None,
                 head_above: int = 100,
                 tail_below: int = 20,
                 confidence: float = 0.95,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 collect_dir: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        self.num_classes = num_classes
        self.train_counts = train_counts
        self.out_dir = out_dir
        self.tag = None
        self.head_above = head_above
        self.tail_below = tail_below
        self.confidence = confidence
        self._score_size = None
        self._evaluations = 0
        self._warned = False

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Keep (true class, predicted class) of each sample.

        Args:
            data_batch: Not used.
            data_samples (Sequence[dict]): Each with ``gt_label`` and either
                ``pred_label`` or ``pred_score``, (C,).

        Raises:
            ValueError: If a sample lacks these or has several labels.
        """
        self._score_size = score_size(data_samples)
        self.results.extend(class_pairs(data_samples))

    def compute_metrics(self, results: List[Tuple[int, int]]) -> dict:
        """Compute the numbers and write the files; rank 0 alone comes here.

        Args:
            results (list[tuple[int, int]]): True and predicted class of each
                test image, without the sampler's padding.

        Returns:
            dict[str, float]: See the class.

        Raises:
            ValueError: If a label or prediction is not below C, or the
                sources of C disagree.
        """
        num_classes = self._count_classes()
        labels, predictions = np.array(
            results, dtype=np.int64).reshape(-1, 2).T  # (n,), (n,)
        classes = class_accuracy(labels, predictions, num_classes)
        num_classes = classes.count.size
        if self.train_counts is None:
            self._warn_once()
        summary = fairness_summary(classes, self.train_counts, self.head_above,
                                   self.tail_below)
        values = metric_values(summary)
        self._evaluations += 1
        if self.out_dir is not None:
            rows = class_rows(classes, self._names(num_classes),
                              self.train_counts, self.head_above,
                              self.tail_below, self.confidence)
            self._write(rows, values, entered_classes(summary))
        return values

    def _count_classes(self) -> Optional[int]:
        """C, from the first source that knows it; the sources must agree."""
        names = (self.dataset_meta or {}).get('classes')
        sources = {
            'num_classes':
            self.num_classes,
            'train_counts':
            None if self.train_counts is None else len(self.train_counts),
            "classes of the test set's metainfo":
            len(names) if names else None
        }
        known = {name: n for name, n in sources.items() if n is not None}
        if len(set(known.values())) > 1:
            told = ', '.join(f'{n} from {name}' for name, n in known.items())
            raise ValueError(
                f'ClassFairness expects one number of classes, got {told}; '
                'give num_classes to ClassCountsHook if the train set names '
                'no classes, and check that both sets have the same ones.')
        return next(iter(known.values()), self._score_size)

    def _names(self, num_classes: int) -> Sequence[str]:
        names = (self.dataset_meta or {}).get('classes')
        return names or [str(c) for c in range(num_classes)]

    def _warn_once(self) -> None:
        if not self._warned:
            print_log(
                'ClassFairness does not know the training images of each '
                'class, so head, middle and tail are nan. Add '
                "dict(type='mmcurv.ClassCountsHook') to the hooks, or give "
                'train_counts.',
                logger='current',
                level=logging.WARNING)
        self._warned = True

    def _write(self, rows: List[dict], values: dict, entered: dict) -> None:
        tag = self.tag or f'evaluation_{self._evaluations:03d}'
        path = osp.join(self.out_dir, tag)
        write_csv(f'{path}.csv', rows)
        write_json(
            f'{path}.json',
            dict(
                schema=SCHEMA,
                schema_version=SCHEMA_VERSION,
                tag=tag,
                units=UNITS,
                head_above=self.head_above,
                tail_below=self.tail_below,
                confidence=self.confidence,
                metrics=values,
                classes_entered=entered,
                classes=rows))


def metric_values(summary: FairnessSummary) -> dict:
    """Numbers of an evaluation by the names that logs and ``save_best`` use.

    Args:
        summary (FairnessSummary): Accuracies as fractions.

    Returns:
        dict[str, float]: Accuracies in percent, as mmpretrain gives them;
        variance, bias and Gini of fractions. nan where no class entered.
    """
    groups = summary.groups
    fractions = dict(
        overall=summary.overall,
        class_mean=summary.class_mean.value,
        head=groups.head.accuracy if groups else float('nan'),
        middle=groups.middle.accuracy if groups else float('nan'),
        tail=groups.tail.accuracy if groups else float('nan'),
        worst_class=summary.worst_class.accuracy,
        worst_10pct=summary.worst_10pct.accuracy,
        harmonic_mean=summary.harmonic_mean.value,
        geometric_mean=summary.geometric_mean.value)
    values = {name: 100 * float(value) for name, value in fractions.items()}
    values.update(
        variance=float(summary.variance.value),
        bias=float(summary.bias.value),
        gini=float(summary.gini.value))
    return values


def entered_classes(summary: FairnessSummary) -> dict:
    """Number of classes behind the aggregates, which nan alone hides."""
    groups = summary.groups
    return dict(
        class_mean=summary.class_mean.entered,
        head=groups.head.entered if groups else 0,
        middle=groups.middle.entered if groups else 0,
        tail=groups.tail.entered if groups else 0,
        worst_10pct=summary.worst_10pct.taken)


def class_rows(classes: ClassAccuracy,
               names: Sequence[str],
               train_counts: Optional[Sequence[int]] = None,
               head_above: int = 100,
               tail_below: int = 20,
               confidence: float = 0.95) -> List[dict]:
    """One row per class, in the order of the classes.

    Args:
        classes (ClassAccuracy): C classes.
        names (Sequence[str]): (C,) names.
        train_counts (Sequence[int], optional): (C,) training images. Defaults
            to None, which leaves group and count empty (None).
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.
        confidence (float): Of the Wilson interval. Defaults to 0.95.

    Returns:
        list[dict]: class, name, group, train_count, test_count, correct,
        accuracy, wilson_low and wilson_high, the last three in percent.
    """
    size = classes.count.size
    groups, counts = [None] * size, [None] * size
    if train_counts is not None:
        counts = [int(n) for n in train_counts]
        groups = group_names(counts, head_above, tail_below).tolist()
    interval = wilson_interval(classes.correct, classes.count, confidence)
    columns = dict(
        name=[str(name) for name in names],
        group=groups,
        train_count=counts,
        test_count=classes.count.tolist(),
        correct=classes.correct.tolist(),
        accuracy=(100 * classes.accuracy).tolist(),
        wilson_low=(100 * interval.low).tolist(),
        wilson_high=(100 * interval.high).tolist())
    return [{
        'class': c,
        **dict(zip(columns, row))
    } for c, row in enumerate(zip(*columns.values()))]


def class_pairs(data_samples: Sequence[dict]) -> List[Tuple[int, int]]:
    """True and predicted class of each data sample.

    Args:
        data_samples (Sequence[dict]): Each with ``gt_label`` and either
            ``pred_label`` or ``pred_score``, (C,), as mmpretrain and
            mmaction2 give them.

    Returns:
        list[tuple[int, int]]: One pair per sample.

    Raises:
        ValueError: If a sample lacks these or has several labels.
    """
    if not data_samples:
        return []
    labels = [_one_class(sample, 'gt_label') for sample in data_samples]
    predictions = [_prediction(sample) for sample in data_samples]
    # Stacked first: one copy from the device, not two per sample.
    pairs = zip(
        torch.stack(labels).tolist(),
        torch.stack(predictions).tolist())
    return list(pairs)


def score_size(data_samples: Sequence[dict]) -> Optional[int]:
    """Number of scores in a sample; None without samples or scores."""
    for sample in data_samples:
        if 'pred_score' in sample:
            return sample['pred_score'].numel()
    return None


def _prediction(sample: dict) -> torch.Tensor:
    if 'pred_label' in sample:
        return _one_class(sample, 'pred_label')
    if 'pred_score' in sample:
        return sample['pred_score'].flatten().argmax()
    raise ValueError('expected pred_label or pred_score in each data sample, '
                     f'got {sorted(sample)}; is the model a classifier?')


def _one_class(sample: dict, key: str) -> torch.Tensor:
    if key not in sample:
        raise ValueError(f'expected {key} in each data sample, got '
                         f'{sorted(sample)}.')
    label = torch.as_tensor(sample[key])
    if label.numel() != 1:
        raise ValueError(
            f'expected one class per image, got {key} of shape '
            f'{tuple(label.shape)}; multi-label data has no class accuracy.')
    return label.reshape(())
