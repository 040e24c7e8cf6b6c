# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os

import pytest
from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.engine.run_folder import begin_in_folder, results_in

RESULTS = [
    'best_accuracy_top1_epoch_2.pth', 'class_accuracy/epoch_002.json',
    'epoch_1.pth', 'epoch_2.pth', 'geometry/epoch_002.json', 'iter_500.pth',
    'last_checkpoint', 'run.json'
]
OTHERS = ['teacher.pth', 'config.py', '20260101_000000/run.log', 'notes.txt']


def fill(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('{}')


def left_in(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob('*')
        if path.is_file())


def test_results_of_another_run_are_named_and_stay(tmp_path):
    fill(tmp_path, [*RESULTS, *OTHERS])
    with pytest.raises(UsageError, match='holds another run: best_accuracy') \
            as info:
        begin_in_folder(Config(dict(work_dir=str(tmp_path))))
    for words in ('class_accuracy', 'and 4 more', '--resume', '--overwrite',
                  '--work-dir'):
        assert words in str(info.value)
    assert left_in(tmp_path) == sorted([*RESULTS, *OTHERS])


@pytest.mark.parametrize('name', RESULTS)
def test_each_of_the_results_is_enough_to_refuse(tmp_path, name):
    fill(tmp_path, [name])
    with pytest.raises(UsageError, match='holds another run'):
        begin_in_folder(Config(dict(work_dir=str(tmp_path))))


def test_overwrite_removes_exactly_the_results(tmp_path):
    fill(tmp_path, [*RESULTS, *OTHERS])
    begin_in_folder(Config(dict(work_dir=str(tmp_path))), overwrite=True)
    assert left_in(tmp_path) == sorted(OTHERS)


def test_linked_folder_of_results_is_unlinked_and_not_emptied(tmp_path):
    fill(tmp_path / 'kept', ['epoch_001.json'])
    run = tmp_path / 'run'
    run.mkdir()
    (run / 'geometry').symlink_to(tmp_path / 'kept')
    begin_in_folder(Config(dict(work_dir=str(run))), overwrite=True)
    assert left_in(tmp_path) == ['kept/epoch_001.json']
    assert not os.path.lexists(run / 'geometry')


def test_folders_of_all_stages_are_looked_into(tmp_path):
    stages = [dict(name='features'), dict(name='classifier')]
    cfg = Config(dict(work_dir=str(tmp_path), stages=stages))
    fill(tmp_path, ['stage_features/stage.json', 'stage_other/stage.json'])
    with pytest.raises(UsageError, match='another run: stage_features/stage'):
        begin_in_folder(cfg)
    begin_in_folder(cfg, overwrite=True)
    assert left_in(tmp_path) == ['stage_other/stage.json']


@pytest.mark.parametrize('variable',
                         ['RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'])
def test_first_process_alone_removes(tmp_path, monkeypatch, variable):
    fill(tmp_path, RESULTS)
    cfg = Config(dict(work_dir=str(tmp_path)))
    monkeypatch.setenv(variable, '1')
    begin_in_folder(cfg, overwrite=True)
    assert len(results_in(tmp_path)) == len(RESULTS)
    monkeypatch.setenv(variable, '0')
    begin_in_folder(cfg, overwrite=True)
    assert results_in(str(tmp_path)) == []


def test_folder_that_is_new_or_holds_no_run_is_begun_in(tmp_path):
    begin_in_folder(Config(dict(work_dir=str(tmp_path / 'new'))))
    fill(tmp_path, OTHERS)
    begin_in_folder(Config(dict(work_dir=str(tmp_path))))
