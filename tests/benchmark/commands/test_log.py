# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import yaml

from mmcurv.benchmark.matrix import read_matrix
from tests.benchmark.trained_folder import CONFIG
from tests.tools.tool_runs import load_tool


@pytest.fixture
def show(tmp_path, capsys):
    """Call ``log`` on a matrix of two runs; gives code, output, errors."""
    content = dict(
        schema='mmcurv.matrix',
        schema_version=1,
        name='toy',
        title='Toy',
        seeds=[0, 1],
        cr=[True],
        data=[dict(dataset='Toy', slug='toy')],
        methods=[dict(method='CE', model='ResNet-8', config=CONFIG)])
    path = tmp_path / 'toy.yml'
    path.write_text(yaml.safe_dump(content))

    def call(words, *arguments):
        code = load_tool('benchmark').main([
            'log',
            str(path), words, '--root',
            str(tmp_path), *map(str, arguments)
        ])
        return code, *capsys.readouterr()

    for i in (0, 1):
        folder = tmp_path / 'toy' / 'ce_cr' / 'toy' / f'seed{i}'
        assert str(folder) == read_matrix(str(path),
                                          str(tmp_path)).runs[i].folder
    folder.mkdir(parents=True)
    (folder / 'console.log').write_text(''.join(f'line [{i}]\n'
                                                for i in range(100)))
    return call


def test_path_and_last_lines_are_printed(show, tmp_path):
    code, out, _ = show('seed1', '--lines', 2)
    assert code == 0
    assert out.splitlines() == [
        f'{tmp_path}/toy/ce_cr/toy/seed1/console.log', 'line [98]', 'line [99]'
    ]


def test_thirty_lines_are_shown_by_default(show):
    assert len(show('seed1')[1].splitlines()) == 31


def test_candidates_are_listed_if_several_runs_are_meant(show):
    code, _, error = show('ce_cr')
    assert code == 2
    assert 'ce_cr/toy/seed0' in error and 'ce_cr/toy/seed1' in error


def test_run_without_a_log_says_that_it_was_not_started(show):
    code, _, error = show('seed0')
    assert code == 2
    assert 'it was not started yet' in error


def test_no_lines_are_refused(show):
    code, _, error = show('seed1', '--lines', 0)
    assert code == 2
    assert '--lines: expected at least 1, got 0' in error
