# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.running.planned_run import Ending, PlannedRun
from mmcurv.benchmark.running.run_summary import summary_lines
from tests.benchmark.fake_runs import make_spec


def test_summary_counts_and_says_how_to_see_a_failure():
    runs = [
        PlannedRun(
            make_spec(f'out/toy/dive-ce/x/seed{seed}', seed, method='DIVE-CE'),
            ['train']) for seed in range(4)
    ]
    endings = [
        Ending(runs[0], 'done'),
        Ending(runs[2], 'failed', 'exit code 1: ValueError: x'),
        Ending(runs[3], 'stopped')
    ]
    logs = {'toy': ['python', 'tools/benchmark.py', 'log', 'my toy.yml']}
    assert [line for line, _ in summary_lines(endings, 2, 6, logs)] == [
        'failed  DIVE-CE, Toy if100, ResNet-8, seed 2: exit code 1: '
        'ValueError: x',
        "        python tools/benchmark.py log 'my toy.yml' dive-ce/x/seed2",
        '3 of 6 runs are done, 1 failed, 2 left'
    ]
