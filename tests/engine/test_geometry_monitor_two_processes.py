# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The monitor in a run of two gloo processes, of which one measures."""
import json
import os

import pytest

from .toy_run import COUNTS, build, loader, train_parts, val_parts
from .two_processes import in_two_processes


def train_monitored(rank, folder):
    os.chdir(folder)  # mmengine gathers through ./.dist_test
    monitor = dict(
        type='mmcurv.GeometryMonitorHook',
        dataloader=loader(),
        curvature=dict(k=8),
        at_start=True)
    build(
        'run',
        train_parts(max_epochs=2),
        val_parts(dict(counts=(40, 40, 40), seed=1)),
        custom_hooks=[monitor]).train()


def test_first_process_measures_all_images(tmp_path):
    in_two_processes(train_monitored, tmp_path)
    for epoch in range(3):
        record = json.loads((tmp_path / 'run' / 'geometry' /
                             f'epoch_{epoch:03d}.json').read_text())
        assert record['count'] == list(COUNTS)
        if epoch == 0:
            continue
        rows = json.loads((tmp_path / 'run' / 'class_accuracy' /
                           f'epoch_{epoch:03d}.json').read_text())['classes']
        assert sum(row['test_count'] for row in rows) == 120
        assert record['accuracy'] == pytest.approx(
            [row['correct'] / row['test_count'] for row in rows])
