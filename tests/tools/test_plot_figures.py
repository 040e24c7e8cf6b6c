# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import subprocess
import sys

import pytest

from mmcurv.paper_figures import FIGURES
from tests.paper_figures.paper_records import write_run
from tests.tools.tool_runs import ROOT, call, tool_environment

TOOL = ROOT / 'tools' / 'plot_figures.py'
WITHOUT_OPENMMLAB = """
import runpy
import sys

for name in ('mmengine', 'mmcv', 'mmpretrain'):
    sys.modules[name] = None  # importing it fails

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_tool_writes_pictures_and_records_without_openmmlab(tmp_path):
    run = write_run(tmp_path / 'run')
    done = subprocess.run([
        sys.executable, '-c', WITHOUT_OPENMMLAB, TOOL, 'fig8', 'fig10',
        'fig13', '--records', run, '--out-dir', 'out'
    ],
                          env=tool_environment(),
                          cwd=tmp_path,
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert files_in(tmp_path / 'out') == sorted(f'{name}.{ending}'
                                                for name in ('fig8', 'fig10',
                                                             'fig13')
                                                for ending in ('json', 'png',
                                                               'svg'))
    assert done.stdout.split() == [
        f'out/{name}.{ending}' for name in ('fig8', 'fig10', 'fig13')
        for ending in ('json', 'png', 'svg')
    ]
    record = json.loads((tmp_path / 'out' / 'fig13.json').read_text())
    assert 'variants' in record


def test_same_record_gives_the_same_files(tmp_path):
    for name in 'ab':
        call('plot_figures', 'fig12', '--out-dir', tmp_path / name)
    for ending in ('json', 'png', 'svg'):
        first, second = ((tmp_path / name / f'fig12.{ending}').read_bytes()
                         for name in 'ab')
        assert first == second


def test_several_figures_share_their_records(tmp_path):
    run = write_run(tmp_path / 'run')
    call('plot_figures', 'fig7', 'fig12', '--records', f'Net={run}',
         '--out-dir', tmp_path / 'out')
    record = json.loads((tmp_path / 'out' / 'fig7.json').read_text())
    assert [run['name'] for run in record['runs']] == ['Net']
    assert (tmp_path / 'out' / 'fig12.png').is_file()


def test_stored_record_of_a_figure_draws_it_again(tmp_path):
    run = write_run(tmp_path / 'run')
    for name, source in (('a', run), ('b', tmp_path / 'a' / 'fig8.json')):
        call('plot_figures', 'fig8', '--records', source, '--out-dir',
             tmp_path / name)
    assert (tmp_path / 'a' /
            'fig8.png').read_bytes() == (tmp_path / 'b' /
                                         'fig8.png').read_bytes()


def test_all_draws_what_the_records_suffice_for(tmp_path, capsys, monkeypatch):
    for slow in ('fig3', 'fig5'):
        monkeypatch.delitem(FIGURES, slow)
    run = write_run(tmp_path / 'run')
    call('plot_figures', 'all', '--records', run, '--out-dir',
         tmp_path / 'out')
    drawn = {path.stem for path in (tmp_path / 'out').iterdir()}
    assert drawn == {f'fig{i}' for i in (7, 8, 9, 10, 11, 12, 13)}
    left_out = capsys.readouterr().err
    assert all(f'{name} left out' in left_out
               for name in FIGURES.keys() - drawn)


@pytest.mark.parametrize('arguments, words', [
    (['fig9'], 'tools/train.py'),
    (['figure9'], "Did you mean 'fig9'"),
    (['fig9', '--records', 'nowhere'], "got 'nowhere'"),
])
def test_wrong_call_is_explained_without_a_traceback(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        call('plot_figures', *arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize('names', [['fig12'], ['all']])
def test_folder_that_cannot_be_written_ends_with_2(names, tmp_path, capsys,
                                                   monkeypatch):
    for slow in ('fig3', 'fig5'):
        monkeypatch.delitem(FIGURES, slow)
    (tmp_path / 'out').write_text('a file')
    with pytest.raises(SystemExit) as stop:
        call('plot_figures', *names, '--out-dir', tmp_path / 'out')
    assert stop.value.code == 2
    assert 'cannot be written' in capsys.readouterr().err


def test_list_names_every_figure_and_its_source(capsys):
    call('plot_figures', 'list')
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FIGURES)
    assert all('; from ' in line for line in lines)
