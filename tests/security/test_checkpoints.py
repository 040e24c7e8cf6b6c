# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""No command and no class runs what a checkpoint brings along."""
import pickle

import pytest
import torch

from mmcurv.compat import TRUST_VARIABLE
from mmcurv.models import Teacher
from tests.engine.image_run import image_classifier
from tests.engine.stages import toy_stages
from tests.tools.tool_runs import CONFIG, call, load_tool, tiny_options
from .evil_files import evil_checkpoint, program


@pytest.fixture
def checkpoint(tmp_path, marker):
    return evil_checkpoint(tmp_path / 'evil.pth', marker)


def analyze(*args):
    return load_tool('analyze_curvature').main([str(arg) for arg in args])


def test_audit_refuses_it(checkpoint, tmp_path, capsys):
    assert analyze(CONFIG, checkpoint, '--out-dir', tmp_path / 'out',
                   '--cfg-options', *tiny_options()) == 2
    error = capsys.readouterr().err
    assert 'evil.pth' in error and f'{TRUST_VARIABLE}=1' in error


def test_audit_of_a_work_folder_refuses_it(checkpoint, tmp_path, capsys):
    run = tmp_path / 'run'
    run.mkdir()
    checkpoint.rename(run / 'epoch_1.pth')
    (run / 'config.py').write_text(f'_base_ = {str(CONFIG)!r}\n')
    assert analyze('--work-dir', run, '--out-dir', tmp_path / 'out') == 2
    error = capsys.readouterr().err
    assert 'epoch_1.pth' in error and f'{TRUST_VARIABLE}=1' in error


def test_extraction_refuses_it(checkpoint, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        call('extract_features', CONFIG, checkpoint, '--out-dir',
             tmp_path / 'out', '--cfg-options', *tiny_options())
    assert stop.value.code == 2
    assert f'{TRUST_VARIABLE}=1' in capsys.readouterr().err


@pytest.mark.parametrize('how', ['resume', 'auto', 'load_from'])
def test_training_refuses_it(checkpoint, tmp_path, how):
    folder = tmp_path / 'run'
    folder.mkdir()
    options, changes = ['--work-dir', folder], {}
    if how == 'resume':
        options += ['--resume', checkpoint]
    elif how == 'auto':
        (folder / 'last_checkpoint').write_text(str(checkpoint))
        options += ['--resume']
    else:
        changes = dict(load_from=checkpoint)
    with pytest.raises(pickle.UnpicklingError, match='evil.pth'):
        call('train', CONFIG, *options, '--cfg-options',
             *tiny_options(**changes))


def test_test_refuses_it(checkpoint, tmp_path):
    with pytest.raises(pickle.UnpicklingError, match='evil.pth'):
        call('test', CONFIG, checkpoint, '--work-dir', tmp_path,
             '--cfg-options', *tiny_options())


def test_student_refuses_it_as_its_teacher(checkpoint):
    with pytest.raises(ValueError, match='evil.pth.*cannot be read'):
        Teacher(image_classifier(), str(checkpoint), 3).load()


def test_stage_refuses_it_as_its_weights(tmp_path, marker):
    toy_stages.train(toy_stages.staged(tmp_path / 'run'))
    folder = tmp_path / 'run'
    first = folder / 'stage_features' / 'epoch_2.pth'
    evil_checkpoint(first, marker)
    for path in (*folder.glob('epoch_*.pth'), folder / 'last_checkpoint'):
        path.unlink()
    with pytest.raises(pickle.UnpicklingError, match='epoch_2.pth'):
        toy_stages.train(toy_stages.staged(folder), resume='auto')


def test_text_of_a_config_in_a_checkpoint_is_not_run_on_resume(
        tmp_path, marker):
    cfg = toy_stages.staged(tmp_path / 'run')
    toy_stages.train(cfg)
    path = tmp_path / 'run' / 'epoch_3.pth'
    content = torch.load(path, weights_only=True)
    content['meta']['config'] = program(marker)
    torch.save(content, path)
    changed = {'stages.1.changes': {'train_cfg.max_epochs': 4}}
    toy_stages.train(
        toy_stages.staged(tmp_path / 'run', **changed), resume=str(path))
    assert (tmp_path / 'run' / 'epoch_4.pth').is_file()
