# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The monitor in a run of two gloo processes, of which one measures."""
import json
import os
import socket

import pytest
import torch.distributed
import torch.multiprocessing as mp

from .toy_run import COUNTS, build, loader, train_parts, val_parts


def run_rank(rank, folder, port):
    os.environ.update(
        RANK=str(rank),
        WORLD_SIZE='2',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port))
    os.chdir(folder)  # mmengine gathers through ./.dist_test
    torch.distributed.init_process_group('gloo')
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
    # gloo's threads abort a process that ends while the other still talks.
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_first_process_measures_all_images(tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(run_rank, (str(tmp_path), port), nprocs=2)
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
