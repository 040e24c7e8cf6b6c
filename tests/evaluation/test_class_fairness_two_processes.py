# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The metric under two gloo processes, with a sampler that pads."""
import json
import os
import socket
from pathlib import Path

import torch.distributed
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator

from mmcurv.evaluation import ClassFairness

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


def run_rank(rank, folder, port):
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE='2',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port))
    os.chdir(folder)  # mmengine gathers through ./.dist_test
    torch.distributed.init_process_group('gloo')
    metrics, shown = evaluate('both')
    Path(f'rank_{rank}.json').write_text(json.dumps([metrics, shown]))
    # gloo's threads abort a process that ends while the other still talks.
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_processes_give_what_one_gives(tmp_path):
    expected, shown = evaluate(str(tmp_path / 'alone'))
    assert shown == 11
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(run_rank, (str(tmp_path), port), nprocs=2)
    for rank in range(2):
        metrics, shown = json.loads(
            (tmp_path / f'rank_{rank}.json').read_text())
        assert shown == 6
        assert metrics == expected
    for name in ('evaluation_001.json', 'evaluation_001.csv'):
        assert (tmp_path / 'both' / name).read_text() == (tmp_path / 'alone' /
                                                          name).read_text()
