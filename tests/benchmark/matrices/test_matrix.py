# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.matrix import load_matrix
from mmcurv.engine.config_options import UsageError
from tests.benchmark.matrix_file import CONTENT, write_matrix


def test_matrix_has_its_texts_and_runs(tmp_path):
    path = write_matrix(
        tmp_path,
        about='Why.\n',
        paper_table='Table 1',
        protocol=dict(epochs=200))
    matrix = load_matrix(path, 'root')
    assert matrix[:6] == ('small', 'A small matrix', 'Why.', 'Table 1',
                          dict(epochs=200), path)
    assert len(matrix.runs) == 3 * 2 * 2 + 3 * 2
    assert len({run.name for run in matrix.runs}) == len(matrix.runs)


def test_runs_lie_in_work_dirs_by_default(tmp_path):
    matrix = load_matrix(write_matrix(tmp_path))
    assert matrix.runs[0].folder == (
        'work_dirs/benchmark/small/ce/cifar10-lt-if100/seed0')


def test_fault_of_the_runs_names_the_file(tmp_path):
    methods = [dict(CONTENT['methods'][0], config='configs/{dta}.py')]
    path = write_matrix(tmp_path, methods=methods)
    with pytest.raises(UsageError) as caught:
        load_matrix(path)
    assert str(caught.value).startswith(f"{path}: config 'configs/{{dta}}.py'")


def test_all_configs_that_do_not_exist_are_listed(tmp_path):
    config = 'configs/ce/ce_resnet31_cifar100-lt-if{factor}.py'
    methods = [
        dict(
            CONTENT['methods'][0],
            config=config,
            **{'with': ['configs/{cr}.py']})
    ]
    with pytest.raises(UsageError) as caught:
        load_matrix(write_matrix(tmp_path, methods=methods))
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 3 + 2
    assert lines[1] == (
        '  configs/ce/ce_resnet31_cifar100-lt-if100.py: no such file: did you '
        "mean 'configs/ce/ce_resnet32_cifar100-lt-if100.py'?")
