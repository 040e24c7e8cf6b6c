# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The matrices that come with the project."""
from pathlib import Path

import pytest

from mmcurv.benchmark.configs import broken_configs, spec_config
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.benchmark.paper import paper_cells
from mmcurv.engine.config_options import imbalance_factor
from mmcurv.registry import HOOKS

FOLDER = Path('benchmarks/matrices')
PATHS = sorted(FOLDER.glob('*.yml'))
# Numbers of the paper's tables with overall accuracies, empty cells included.
CELLS = dict(table1=56, table2=72, table3=22, table4=22, table5=32)
TAUS = dict(
    fig14_tau=[20, 50, 80, 100, 120, 150, 180],
    fig14_tau_bundled=[3, 5, 10, 20, 50])


@pytest.fixture(params=PATHS, ids=[path.stem for path in PATHS])
def matrix(request):
    return read_matrix(str(request.param))


def shipped(name):
    return read_matrix(str(FOLDER / f'{name}.yml'))


def test_shipped_matrix_can_be_trained(matrix):
    assert matrix.about and matrix.runs
    assert broken_configs(matrix.runs, build=False) == []


def test_hooks_of_cr_know_every_option_that_a_shipped_matrix_gives(matrix):
    hooks = {}
    for run in matrix.runs:
        if run.cr and run.seed == matrix.runs[0].seed and run.config:
            for hook in spec_config(run).custom_hooks:
                hooks[repr(hook)] = hook
    for hook in hooks.values():
        HOOKS.build(hook)
    assert hooks


def test_there_are_the_tables_the_sweeps_and_the_bundled_one():
    assert {'bundled', *CELLS, *TAUS} <= {path.stem for path in PATHS}


@pytest.mark.parametrize('name', list(CELLS))
def test_table_has_every_cell_of_the_paper(name):
    matrix = shipped(name)
    table = f'Table {name[-1]}'
    assert matrix.paper_table.split(', ')[0] == table
    ours = {run.cell[:5] for run in matrix.runs}
    assert {(cell.method, cell.cr, cell.dataset, cell.imbalance_factor,
             cell.model)
            for cell in paper_cells(table)} == ours
    assert matrix.protocol == dict(epochs=200)
    assert len({run.cell for run in matrix.runs}) == CELLS[name]
    assert len(matrix.runs) == 3 * CELLS[name]


@pytest.mark.parametrize('name', list(CELLS))
def test_config_of_a_cell_has_its_factor_and_cr(name):
    for run in shipped(name).runs:
        cfg = spec_config(run)
        assert run.imbalance_factor in (None, imbalance_factor(cfg))
        assert ('custom_hooks' in cfg) == run.cr


@pytest.mark.parametrize('name', ['table3', 'table4'])
def test_first_six_methods_of_the_large_tables_are_baselines(name):
    runs = shipped(name).runs
    methods = list(dict.fromkeys(run.method for run in runs))
    with_cr = {run.method for run in runs if run.cr}
    assert [method in with_cr
            for method in methods] == 6 * [False] + 8 * [True]


def test_tables_of_curvature_are_of_the_runs_of_table_5():
    assert shipped('table5').paper_table == 'Table 5, Table 6, Table 7'


def test_backbones_of_table_5_have_folders_of_their_own():
    folders = {run.folder for run in shipped('table5').runs if run.cr}
    assert 'work_dirs/benchmark/table5/cross-entropy_cr/cifar100-vgg16/seed0' \
        in folders


@pytest.mark.parametrize('name', list(TAUS))
def test_sweep_varies_tau_and_keeps_plain_runs_beside_it(name):
    runs = shipped(name).runs
    taus = list(dict.fromkeys(run.tau for run in runs if run.cr))
    assert taus == TAUS[name]
    for run in runs:
        assert run.cr == (run.tau is not None)
        assert run.options.get('custom_hooks.0.loss.tau') == run.tau
