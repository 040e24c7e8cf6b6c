# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import shutil

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import HOOKS

from mmcurv.benchmark.collecting.run_records import read_run_record
from mmcurv.engine.config_hash import config_hash
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.stages.run_stages import plan_run
from tests.engine.stages.toy_stages import classifier, staged, train, weights

NORM = ('backbone.1.running_mean', 'backbone.1.running_var')


class Cut(Exception):
    """Ends a training in its middle."""


@HOOKS.register_module()
class CutHook(Hook):
    """Raise in the epoch after some, in the stage with so many epochs."""
    priority = 'VERY_HIGH'

    def __init__(self, max_epochs, after):
        self.max_epochs, self.after = max_epochs, after

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.max_epochs == self.max_epochs and (runner.epoch
                                                     == self.after):
            raise Cut


@HOOKS.register_module()
class SeenHook(Hook):
    """Keep what a stage finds around it when it starts."""
    seen = []

    def before_train(self, runner):
        hub = MessageHub.get_current_instance()
        self.seen.append(
            dict(
                hub=hub,
                fresh=hub is runner.message_hub
                and 'train/loss' not in hub.log_scalars,
                logger=MMLogger.get_current_instance() is runner.logger,
                checkpoint=runner._load_from))


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """An uninterrupted training with CR."""
    folder = tmp_path_factory.mktemp('staged')
    SeenHook.seen.clear()
    cfg = staged(folder, regularize=True, hooks=[dict(type='SeenHook')])
    train(cfg)
    return folder, cfg, list(SeenHook.seen)


def read(path):
    return json.loads(path.read_text())


def test_each_stage_leaves_its_files_in_its_folder(finished):
    folder = finished[0]
    assert (folder / 'stage_features/epoch_2.pth').is_file()
    assert (folder / 'stage_features/stage.json').is_file()
    assert not (folder / 'stage_features/run.json').exists()
    assert (folder / 'epoch_3.pth').is_file()
    assert (folder / 'class_accuracy/epoch_003.json').is_file()
    assert read_run_record(folder / 'run.json')


def test_frozen_weights_do_not_move_and_reset_ones_start_anew(finished):
    folder = finished[0]
    before = weights(folder / 'stage_features/epoch_2.pth')
    after = weights(folder / 'epoch_3.pth')
    for name, value in before.items():
        same = torch.equal(value, after[name])
        assert same == name.startswith('backbone'), name
    optimizer = torch.load(
        folder / 'epoch_3.pth', weights_only=True)['optimizer']
    assert len(optimizer['state']) == 2  # head.fc


def test_stages_share_no_message_hub_and_no_logger(finished):
    first, second = finished[2]
    for seen in (first, second):
        assert seen['fresh'] and seen['logger']
    assert first['hub'] is not second['hub']
    names = second['hub'].log_scalars
    assert 'train/loss' in names and 'train/loss_curvature' not in names
    assert 'train/loss_curvature' in first['hub'].log_scalars


def test_stage_starts_from_the_last_checkpoint_of_the_named_one(finished):
    folder, _, (first, second) = finished
    assert first['checkpoint'] is None
    assert second['checkpoint'] == str(folder / 'stage_features/epoch_2.pth')


def test_record_is_of_the_whole_training(finished):
    folder, cfg, _ = finished
    record = read(folder / 'run.json')
    assert record['config']['hash'] == config_hash(cfg)
    assert record['protocol']['epochs'] == 5
    stages = record['stages']
    assert [(one['name'], one['epochs'])
            for one in stages] == [('features', 2), ('classifier', 3)]
    assert record['cr'] == stages[0]['cr'] != stages[1]['cr'] is None
    cost = record['cost']
    assert cost['seconds'] == sum(one['seconds'] for one in stages)
    assert cost['samples'] == 5 * 165
    assert record['results']['last']['epoch'] == 3
    assert stages[1]['overall'] == record['results']['last']['metrics'][
        'overall']
    first = read(folder / 'stage_features/stage.json')
    assert stages[0]['overall'] == first['results']['last']['metrics'][
        'overall']


@pytest.mark.parametrize('norm', ['eval', 'train'])
def test_batch_norm_statistics_move_where_they_should(norm, tmp_path):
    train(staged(tmp_path, dict(name='features'), classifier(norm=norm)))
    before = weights(tmp_path / 'stage_features/epoch_2.pth')
    after = weights(tmp_path / 'epoch_3.pth')
    for name in NORM:
        assert torch.equal(before[name], after[name]) == (norm == 'eval')
    for name in ('backbone.1.weight', 'backbone.1.bias', 'backbone.0.weight'):
        assert torch.equal(before[name], after[name])


@pytest.mark.parametrize(
    'cut', [(2, 1), (3, 0), (3, 2)],
    ids=['stage 1', 'start of stage 2', 'stage 2'])
def test_resume_goes_on_in_the_stage_that_was_cut(cut, finished, tmp_path):
    whole, cfg, _ = finished
    hook = dict(type='CutHook', max_epochs=cut[0], after=cut[1])
    with pytest.raises(Cut):
        train(staged(tmp_path, regularize=True, hooks=[hook]))
    first = tmp_path / 'stage_features/stage.json'
    assert first.exists() == (cut[0] == 3)
    written = first.stat().st_mtime_ns if first.exists() else None
    assert not (tmp_path / 'run.json').exists()
    train(staged(tmp_path, regularize=True), resume='auto')
    if written:  # a stage that has ended is left alone
        assert first.stat().st_mtime_ns == written
    for name in ('stage_features/epoch_2.pth', 'epoch_3.pth'):
        ours, theirs = weights(tmp_path / name), weights(whole / name)
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert read(tmp_path / 'run.json')['protocol']['epochs'] == 5


def test_training_anew_forgets_what_an_earlier_one_left(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / 'copy')
    hook = dict(type='CutHook', max_epochs=2, after=0)
    with pytest.raises(Cut):
        train(staged(folder, hooks=[hook]))
    steps = plan_run(staged(folder), 'auto').steps
    assert [step.action for step in steps] == ['start', 'start']


def test_checkpoint_of_a_stage_that_was_lost_is_named_before_training(
        finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / 'copy')
    for path in folder.glob('*.pth'):
        path.unlink()
    (folder / 'last_checkpoint').unlink()
    lost = folder / 'stage_features/last_checkpoint'
    lost.write_text('/gone/epoch_9.pth')
    with pytest.raises(UsageError, match='no .*/epoch_9.pth; restore the fil'):
        plan_run(staged(folder), 'auto')


def test_folder_that_was_moved_is_gone_on_with(finished, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / 'copy')
    steps = plan_run(staged(folder), 'auto').steps
    assert steps[0].action == 'skip'
    assert steps[1].checkpoint == str(folder / 'epoch_3.pth')


def test_stage_without_training_evaluates_and_saves(tmp_path):
    stage = dict(
        name='evaluation', weights='features', changes={'train_cfg': None})
    train(staged(tmp_path, dict(name='features'), stage))
    before = weights(tmp_path / 'stage_features/epoch_2.pth')
    after = weights(tmp_path / 'epoch_1.pth')
    assert all(torch.equal(before[name], after[name]) for name in before)
    record = read(tmp_path / 'run.json')
    assert record['protocol']['epochs'] == 2
    assert record['stages'][1]['epochs'] == 0
    assert record['stages'][1]['training_seconds'] == 0
    first = read(tmp_path / 'stage_features/class_accuracy/epoch_002.json')
    last = read(tmp_path / 'class_accuracy/epoch_001.json')
    assert last['metrics'] == first['metrics']
    assert (tmp_path / 'geometry/epoch_001.json').is_file()
    train(staged(tmp_path, dict(name='features'), stage), resume='auto')
    assert read(tmp_path / 'run.json')['results'] == record['results']
