# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import shutil

import pytest
import torch

from tests.tools.tool_runs import (CONFIG, call, load_tool, prepare,
                                   tiny_options)


def logged(work_dir):
    """The scalars of all runs in a work folder, one dict per line."""
    lines = []
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        lines += map(json.loads, path.read_text().splitlines())
    return lines


def test_training_leaves_checkpoint_config_log_and_class_results(finished_run):
    assert (finished_run / 'epoch_1.pth').is_file()
    assert (finished_run / CONFIG.name).is_file()
    assert list(finished_run.glob('best_accuracy_top1_epoch_*.pth'))
    assert list(finished_run.glob('*/vis_data/events.out.tfevents.*'))
    assert (finished_run / 'class_accuracy' / 'epoch_001.csv').is_file()
    assert any('accuracy/top1' in line for line in logged(finished_run))


def test_resume_continues_after_the_last_epoch(work_dir):
    options = tiny_options(train_cfg__max_epochs=2)
    call('train', CONFIG, '--work-dir', work_dir, '--resume', '--cfg-options',
         *options)
    checkpoint = torch.load(work_dir / 'epoch_2.pth', weights_only=True)
    assert checkpoint['meta']['epoch'] == 2
    assert checkpoint['meta']['iter'] == 6
    trained = [line['epoch'] for line in logged(work_dir) if 'loss' in line]
    assert sorted(set(trained)) == [1, 2]


def test_resume_finds_the_checkpoint_of_a_moved_work_folder(work_dir):
    (work_dir / 'last_checkpoint').write_text('/gone/run/epoch_1.pth')
    cfg = prepare('train', CONFIG, '--work-dir', work_dir, '--resume')
    assert cfg.resume
    assert cfg.load_from == str(work_dir / 'epoch_1.pth')


def test_resume_takes_the_checkpoint_it_is_given(work_dir, tmp_path):
    cfg = prepare('train', CONFIG, '--work-dir', tmp_path / 'other',
                  '--resume', work_dir / 'epoch_1.pth')
    assert cfg.resume
    assert cfg.load_from == str(work_dir / 'epoch_1.pth')


def test_branch_leaves_another_run_until_it_has_a_checkpoint(
        work_dir, tmp_path):
    left = work_dir / 'epoch_1.pth'
    words = ('--resume', '--branch', left)
    cfg = prepare('train', CONFIG, '--work-dir', tmp_path / 'other', *words)
    assert (cfg.resume, cfg.load_from, cfg.branched_from) == (True, str(left),
                                                              str(left))
    own = shutil.copytree(work_dir, tmp_path / 'own')
    cfg = prepare('train', CONFIG, '--work-dir', own, *words)
    assert (cfg.resume, cfg.load_from) == (True, str(own / left.name))
    assert 'branched_from' not in cfg


@pytest.mark.parametrize('left, options, message', [
    ('gone.pth', [], "--branch: expected a file, found none at 'gone.pth'"),
    (CONFIG, ['default_hooks.missed_evaluation=None'
              ], 'with mmcurv.MissedEvaluationHook among its hooks'),
])
def test_branch_that_cannot_leave_is_refused(left, options, message, tmp_path,
                                             capsys):
    with pytest.raises(SystemExit):
        call('train', CONFIG, '--work-dir', tmp_path, '--resume', '--branch',
             left, '--cfg-options', 'log_level=INFO', *options)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('resume', [['--resume'], ['--resume', 'auto']])
def test_resume_without_a_checkpoint_says_so_and_starts(
        resume, tmp_path, capsys):
    cfg = prepare('train', CONFIG, '--work-dir', tmp_path, *resume)
    assert not cfg.resume
    assert cfg.load_from is None
    printed = capsys.readouterr().out
    assert f"no whole checkpoint in '{tmp_path}'" in printed
    assert 'starts at epoch 1' in printed


def test_folder_of_another_run_is_begun_in_only_to_overwrite(work_dir, capsys):
    before = sorted(work_dir.iterdir())
    with pytest.raises(SystemExit) as stop:
        call('train', CONFIG, '--work-dir', work_dir)
    assert stop.value.code == 2
    assert 'holds another run: best_accuracy' in capsys.readouterr().err
    assert sorted(work_dir.iterdir()) == before
    prepare('train', CONFIG, '--work-dir', work_dir, '--overwrite')
    left = {path.name for path in work_dir.iterdir()}
    assert CONFIG.name in left and 'split.json' in left
    assert not {'epoch_1.pth', 'last_checkpoint', 'class_accuracy'} & left


def test_work_folder_is_named_after_the_config(tmp_path):
    assert prepare('train', CONFIG).work_dir == (f'work_dirs/{CONFIG.stem}')
    own = tmp_path / 'own.py'
    own.write_text(f"_base_ = '{CONFIG}'\nwork_dir = 'elsewhere'\n")
    assert prepare('train', own).work_dir == 'elsewhere'
    assert prepare('train', own, '--work-dir', 'x').work_dir == 'x'


def test_config_that_lies_in_its_work_folder_stays_as_it_is(work_dir):
    config = work_dir / CONFIG.name
    before = config.read_bytes()
    call('train', config, '--work-dir', work_dir, '--resume', '--cfg-options',
         *tiny_options(train_cfg__max_epochs=2))
    assert config.read_bytes() == before
    assert (work_dir / 'epoch_2.pth').is_file()


def test_no_validate_removes_every_part_of_the_validation():
    cfg = prepare('train', CONFIG, '--no-validate')
    assert (cfg.val_cfg, cfg.val_dataloader, cfg.val_evaluator) == (None, ) * 3


def test_auto_scale_lr_is_switched_on():
    assert not prepare('train', CONFIG).auto_scale_lr.enable
    assert prepare('train', CONFIG, '--auto-scale-lr').auto_scale_lr.enable


def test_amp_switches_the_optimizer_wrapper_where_there_is_a_gpu(monkeypatch):
    tool = load_tool('train')
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cuda')
    cfg = tool.prepare(tool.make_parser().parse_args([str(CONFIG), '--amp']))
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'


def test_amp_without_a_gpu_is_refused(monkeypatch):
    tool = load_tool('train')
    monkeypatch.setattr('mmengine.device.get_device', lambda: 'cpu')
    with pytest.raises(tool.UsageError, match="--amp needs .* found 'cpu'"):
        tool.prepare(tool.make_parser().parse_args([str(CONFIG), '--amp']))


@pytest.mark.parametrize(
    'args, message', [
        (['nowhere.py'
          ], "config: expected a file, found none at 'nowhere.py'"),
        ([CONFIG, '--resume', 'gone.pth'
          ], "--resume: expected a file, found none at 'gone.pth'"),
        ([CONFIG, '--auto-scale-lr', '--cfg-options', 'auto_scale_lr=None'
          ], 'no auto_scale_lr.base_batch_size'),
        ([CONFIG, '--cfg-options', 'train_dataloder.batch_size=4'
          ], 'did you mean train_dataloader'),
        ([CONFIG, '--cfg-options', 'seed', '=', '3'], 'expects KEY=VALUE'),
        ([CONFIG, '--launcher', 'pytorch'], 'tools/dist_train.sh'),
        ([CONFIG, '--resume', '--overwrite'], 'give one of them'),
        ([CONFIG, '--branch', 'x.pth'], '--branch: expected --resume without'),
    ],
    ids=lambda value: str(value)[:20])
def test_mistaken_command_line_is_explained_without_a_traceback(
        args, message, capsys, monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(SystemExit) as stop:
        call('train', *args)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_warm_up_that_never_ends_is_told_before_training(tmp_path, capsys):
    stuck = 'param_scheduler.0.convert_to_iter_based=False'
    prepare('train', CONFIG, '--work-dir', tmp_path)
    assert 'LinearLR has one step' not in capsys.readouterr().out
    prepare('train', CONFIG, '--work-dir', tmp_path, '--cfg-options', stuck)
    assert 'the rate stays at 0.2 of what' in capsys.readouterr().out


def test_folder_in_which_another_process_trains_is_left_alone(
        tmp_path, capsys):
    from mmcurv.engine.run_lock import lone_training
    folder = tmp_path / 'run'
    with lone_training(str(folder)):
        with pytest.raises(SystemExit) as stop:
            load_tool('train').main(
                [str(CONFIG), '--overwrite', '--work-dir',
                 str(folder)])
    assert stop.value.code == 2
    assert f'trains in {str(folder)!r}' in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ['.running']
