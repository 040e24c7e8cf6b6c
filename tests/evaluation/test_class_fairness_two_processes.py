# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The metric under two gloo processes, with a sampler that pads."""
import os

from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator

from mmcurv.evaluation import ClassFairness
from tests.engine.two_processes import in_two_processes

# 11 images: one is shown twice when two processes share them. It is the first
# one, and wrong, so that counting it twice would show.
LABELS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
PREDICTIONS = [1, 0, 0, 2, 1, 1, 1, 0, 2, 2, 0]


def evaluate(out_dir):
    metric = ClassFairness(train_counts=[200, 50, 5], out_dir=out_dir)
    evaluator = Evaluator(metric)
    indices = list(DefaultSampler(LABELS, shuffle=False))
    for start in range(0, len(indices), 4):
        evaluator.process([
            dict(gt_label=LABELS[i], pred_label=PREDICTIONS[i])
            for i in indices[start:start + 4]
        ])
    return evaluator.evaluate(len(LABELS)), len(indices)


def evaluate_in(rank, folder):
    os.chdir(folder)  # mmengine gathers through ./.dist_test
    return evaluate('both')


def test_two_processes_give_what_one_gives(tmp_path):
    expected, shown = evaluate(str(tmp_path / 'alone'))
    assert shown == 11
    for metrics, shown in in_two_processes(evaluate_in, tmp_path):
        assert shown == 6
        assert metrics == expected
    for name in ('evaluation_001.json', 'evaluation_001.csv'):
        assert (tmp_path / 'both' / name).read_text() == (tmp_path / 'alone' /
                                                          name).read_text()
