# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import subprocess
import sys

import numpy as np

from mmcurv import fairness


def test_summary_holds_what_the_functions_give():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 20, (2, 400))
    counts = np.geomspace(500, 5, 20).astype(int)
    classes = fairness.class_accuracy(labels, predictions, 21)
    counts = np.append(counts, 3)
    summary = fairness.fairness_summary(classes, counts)
    accuracy = classes.accuracy
    assert summary == fairness.FairnessSummary(
        overall=classes.overall,
        class_mean=fairness.class_mean(accuracy),
        groups=fairness.group_accuracy(accuracy, counts),
        variance=fairness.accuracy_variance(accuracy),
        bias=fairness.max_min_bias(accuracy),
        worst_class=fairness.worst_class(accuracy),
        worst_10pct=fairness.worst_fraction(accuracy),
        harmonic_mean=fairness.harmonic_mean(accuracy),
        geometric_mean=fairness.geometric_mean(accuracy),
        gini=fairness.gini(accuracy))
    assert summary.class_mean.entered == 20


def test_summary_without_counts_has_no_groups():
    classes = fairness.class_accuracy([0, 1, 1], [0, 1, 0])
    assert fairness.fairness_summary(classes).groups is None


def test_fairness_imports_neither_torch_nor_mmengine():
    code = ('import sys\n'
            'from mmcurv import fairness\n'
            'assert fairness.gini([0.5, 0.5]).value == 0\n'
            'names = {"torch", "mmengine", "mmpretrain", "mmcv"}\n'
            'assert not names & set(sys.modules)\n')
    subprocess.run([sys.executable, '-c', code], check=True)
