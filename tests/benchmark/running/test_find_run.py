# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.running.find_run import find_run, short_folder
from mmcurv.engine.config_options import UsageError
from tests.benchmark.fake_runs import make_spec

RUNS = [
    make_spec(f'out/toy/{folder}/x/seed{seed}', seed, method=method)
    for method, folder in (('CE', 'ce'), ('DIVE-CE', 'dive-ce'))
    for seed in (1, 10)
]


@pytest.mark.parametrize('words, index', [
    ('ce/x/seed1', 0),
    ('ce/x/seed10', 1),
    ('out/toy/ce/x/seed1/', 0),
    ('DIVE-CE, Toy if100, ResNet-8, seed 1', 2),
    ('dive-ce/x/seed10', 3),
    ('CE/X/SEED1', 0),
])
def test_name_or_folder_means_one_run(words, index):
    assert find_run(RUNS, words) == RUNS[index]


def test_part_that_only_one_run_has_is_enough():
    assert find_run(RUNS[1:3], 'seed10') == RUNS[1]


def test_candidates_are_listed_if_several_fit():
    with pytest.raises(UsageError) as info:
        find_run(RUNS, 'seed10')
    assert str(info.value).splitlines() == [
        "RUN: 2 runs fit 'seed10'; expected a part of one of",
        '  CE, Toy if100, ResNet-8, seed 10  (ce/x/seed10)',
        '  DIVE-CE, Toy if100, ResNet-8, seed 10  (dive-ce/x/seed10)'
    ]


def test_all_runs_are_listed_if_none_fits():
    with pytest.raises(UsageError, match="no run fits 'bbn'") as info:
        find_run(RUNS, 'bbn')
    assert len(str(info.value).splitlines()) == 1 + len(RUNS)


def test_long_lists_are_cut():
    runs = [make_spec(f'out/toy/ce/x/seed{i}', i) for i in range(50)]
    with pytest.raises(UsageError, match='and 30 more'):
        find_run(runs, 'ce')


def test_folder_within_the_matrix_is_what_follows_its_name():
    assert short_folder(make_spec('toy/toy/ce/toy/seed0')) == 'ce/toy/seed0'
    spec = make_spec('toy/toy/ce/toy/tau-10/seed0', variant='tau=10')
    assert short_folder(spec) == 'ce/toy/tau-10/seed0'
