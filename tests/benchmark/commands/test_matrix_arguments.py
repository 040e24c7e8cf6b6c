# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.commands.matrix_arguments import load_matrices
from mmcurv.engine.config_options import UsageError
from tests.benchmark.matrix_file import BUNDLED_CONTENT, write_matrix


@pytest.fixture
def paths(tmp_path):
    return [write_matrix(tmp_path), write_matrix(tmp_path, BUNDLED_CONTENT)]


def test_all_runs_are_kept_without_conditions(paths):
    assert [len(m.runs) for m in load_matrices(paths, 'root', [])] == [18, 2]


def test_matrix_without_a_fitting_run_is_left_out(paths):
    (matrix, ) = load_matrices(paths, 'root', ['dataset=Mini'])
    assert matrix.name == 'bundled'
    (matrix, ) = load_matrices(paths, 'root', ['method=RIDE + CMO', 'seed=1'])
    assert [run.seed for run in matrix.runs] == [1, 1, 1]


def test_value_of_any_matrix_is_known(paths):
    with pytest.raises(UsageError, match="unknown dataset 'Minis': did you"):
        load_matrices(paths, 'root', ['dataset=Minis'])


def test_two_matrices_with_one_name_would_share_their_folders(paths):
    with pytest.raises(UsageError, match='have one name'):
        load_matrices([*paths, paths[0]], 'root', [])
