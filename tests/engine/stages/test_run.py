# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import HOOKS

from mmcurv import compat
from mmcurv.arguments import UsageError
from mmcurv.benchmark.run_folder import read_run_record
from mmcurv.engine.provenance import config_hash
from mmcurv.engine.stages.run import check_stages, plan_run, whole_record
from tests.engine import toy_run
from tests.engine.stages.toy_stages import classifier, staged, train, weights
from tests.engine.test_resume_exactly import differences
from tests.engine.two_processes import in_two_processes

FIRST = dict(name='features')


def test_sound_stages_pass_and_draw_no_random_number(tmp_path):
    state = torch.get_rng_state()
    check_stages(staged(tmp_path))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize('options, message', [
    (dict(freeze=['backbon']),
     r"stages\.1 \(classifier\)\.freeze: 'backbon' .* mean 'backbone'\?"),
    (dict(reset=['head.fx']), r"\.reset: 'head.fx' .* mean 'head\.fc'\?"),
    (dict(reset=['qqq']), "'qqq' is no layer of .* It has .* backbone,"),
    (dict(changes={'model.type': 'Gone'}), 'its model cannot be built'),
    (dict(changes={'default_hooks.run_record': None}),
     'expected default_hooks.run_record'),
])
def test_stage_that_cannot_be_trained_is_refused(options, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        check_stages(staged(tmp_path, FIRST, classifier(**options)))


def test_stage_that_saves_nothing_is_refused_if_others_follow(tmp_path):
    off = {'default_hooks.checkpoint': None}
    check_stages(staged(tmp_path, FIRST, classifier(changes=off)))
    with pytest.raises(UsageError, match='nothing is left for later stages'):
        check_stages(staged(tmp_path, dict(FIRST, changes=off), classifier()))


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
    begun = json.loads((tmp_path / 'run.json').read_text())
    assert begun['state'] == 'running'
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
    steps = plan_run(staged(folder), 'auto')
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
    steps = plan_run(staged(folder), 'auto')
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


def plan(folder, resume=None, ended=0, checkpoints=(), lost=()):
    """What plan_run does with three stages: (action, checkpoint) of each.

    Args:
        folder (Path): Of the training.
        resume (str, optional): As of plan_run.
        ended (int): So many stages have a record.
        checkpoints (Sequence[str]): Latest of each stage, or None.
        lost (Sequence[str]): Checkpoints that are named but not there.
    """
    for i, name in enumerate(checkpoints):
        own = folder_of(folder, i)
        own.mkdir(exist_ok=True)
        if i < ended:
            (own / 'stage.json').write_text('{}')
        if name:
            (own / 'last_checkpoint').write_text(str(own / name))
            if name not in lost:
                with zipfile.ZipFile(own / name, 'w') as file:
                    file.writestr('weights', '')
    last = dict(
        name='s2',
        weights='s1',
        changes={'default_hooks.run_record.selection_split': '{s0}'})
    steps = plan_run(
        staged(folder, dict(name='s0'), dict(name='s1', weights='s0'), last),
        resume)
    return [(step.action, step.checkpoint
             and os.path.basename(step.checkpoint)) for step in steps]


def folder_of(folder, i):
    return folder / f'stage_s{i}' if i < 2 else folder


def skipped(name):
    return 'skip', name


START = ('start', None)


def test_without_resume_all_stages_start(tmp_path):
    found = plan(tmp_path, None, 2, ('epoch_2.pth', 'epoch_3.pth'))
    assert found == [START] * 3


@pytest.mark.parametrize('ended, checkpoints, expected', [
    (1, ('a.pth', 'b.pth', 'c.pth'),
     [skipped('a.pth'), ('resume', 'b.pth'), START]),
    (1, ('a.pth', None), [skipped('a.pth'), START, START]),
    (2, ('a.pth', 'b.pth', 'c.pth'),
     [skipped('a.pth'),
      skipped('b.pth'), ('resume', 'c.pth')]),
])  # yapf: disable
def test_resume_goes_on_in_the_first_stage_that_has_not_ended(
        ended, checkpoints, expected, tmp_path):
    assert plan(tmp_path, 'auto', ended, checkpoints) == expected


@pytest.mark.parametrize('path, ended, expected', [
    ('stage_s1/b0.pth', 1, [skipped('a.pth'), ('resume', 'b0.pth'), START]),
    ('stage_s0/a.pth', 1, [skipped('a.pth'), START, START]),
    ('stage_s0/a0.pth', 1, [('resume', 'a0.pth'), START, START]),
])
def test_checkpoint_is_gone_on_from_in_its_stage(path, ended, expected,
                                                 tmp_path):
    for name in ('stage_s0/a0.pth', 'stage_s1/b0.pth'):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    found = plan(tmp_path, str(tmp_path / path), ended, ('a.pth', 'b.pth'))
    assert found == expected


@pytest.mark.parametrize('path, message', [
    ('elsewhere/a.pth', 'in the folder of a stage, one of'),
    ('stage_s1/b.pth', "'s0' before it has not ended"),
])
def test_checkpoint_that_no_stage_can_go_on_from_is_refused(
        path, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        plan(tmp_path, str(tmp_path / path), 0, ('a.pth', 'b.pth'))


@pytest.mark.parametrize('ended, lost, message', [
    (1, ['a.pth'], "'s2' needs the last .* 's0'.*restore"),
    (2, ['a.pth'], "'s2' needs the last .* stage 's0'"),
])
def test_missing_file_is_named_before_training(ended, lost, message, tmp_path):
    """The last stage needs that of the first as a value, also to go on."""
    with pytest.raises(UsageError, match=message):
        plan(tmp_path, 'auto', ended, ('a.pth', 'b.pth', 'c.pth'), lost)
    assert plan(tmp_path, None, ended)[0] == START


def test_stage_that_goes_on_does_not_need_its_first_weights(tmp_path):
    found = plan(tmp_path, 'auto', 2, ('a.pth', 'b.pth', 'c.pth'), ['b.pth'])
    assert found[2] == ('resume', 'c.pth')


def record(epochs, seconds, cr=None, overall=50., accelerator=None):
    return dict(
        protocol=dict(main='last', epochs=epochs),
        results=dict(last=dict(metrics=dict(overall=overall))),
        cr=cr,
        cost=dict(
            seconds=seconds,
            training_seconds=seconds / 2,
            samples=10 * epochs,
            starts=1,
            peak_memory_bytes=int(1000 * seconds),
            peak_accelerator_bytes=accelerator,
            parameters=epochs))


EARLIER = dict(record(20, 8., dict(layer='x'), 40.), stage='features')
LAST = record(2, 4.)


def test_costs_and_epochs_are_those_of_all_stages():
    whole = whole_record('classifier', LAST, [EARLIER])
    assert whole['protocol'] == dict(main='last', epochs=22)
    assert whole['cost'] == dict(
        seconds=12.,
        training_seconds=6.,
        samples=220,
        starts=2,
        peak_memory_bytes=8000,
        peak_accelerator_bytes=None,
        parameters=2)  # of the model in the end


def test_cr_is_that_of_the_stage_that_had_it():
    assert whole_record('classifier', LAST, [EARLIER])['cr'] == dict(layer='x')
    assert whole_record('b', LAST, [dict(LAST, stage='a')])['cr'] is None


def test_each_stage_has_an_entry_and_results_are_of_the_last():
    before = copy.deepcopy(LAST)
    whole = whole_record('classifier', LAST, [EARLIER])
    assert [(one['name'], one['epochs'], one['overall'], one['seconds'])
            for one in whole['stages']] == [('features', 20, 40., 8.),
                                            ('classifier', 2, 50., 4.)]
    assert whole['results'] == LAST['results']
    assert LAST == before


def test_stage_that_was_not_evaluated_has_no_accuracy():
    first = dict(EARLIER, results=None)
    whole = whole_record('classifier', LAST, [first])
    assert whole['stages'][0]['overall'] is None


def test_largest_accelerator_memory_is_kept():
    first = dict(record(1, 1., accelerator=7), stage='a')
    whole = whole_record('b', LAST, [first])
    assert whole['cost']['peak_accelerator_bytes'] == 7


compat.apply()
# Stage, and its steps before the kill; 11 in an epoch.
KILLS = dict(
    in_the_first_stage=(0, 16),
    before_the_second_stage_saved=(1, 4),
    in_the_second_stage=(1, 27))


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Work folders by name: whole, and resumed after each kill."""
    top = tmp_path_factory.mktemp('runs')
    jobs = [dict(work_dir=str(top / 'whole'))]
    for name, kill in KILLS.items():
        work_dir = str(top / name)
        jobs += [
            dict(work_dir=work_dir, kill=kill),
            dict(work_dir=work_dir, resume='auto')
        ]
    (top / 'jobs.json').write_text(json.dumps(jobs))
    subprocess.run([
        sys.executable, '-m', 'tests.engine.stages.staged_jobs',
        top / 'jobs.json'
    ],
                   check=True,
                   env=dict(os.environ, OMP_NUM_THREADS='1'))
    return top


@pytest.mark.parametrize('name', KILLS)
def test_resumed_stages_end_as_uninterrupted_ones(name, runs):
    for path in ('stage_features/epoch_2.pth', 'epoch_3.pth'):
        whole, resumed = (
            torch.load(runs / folder / path, weights_only=True)
            for folder in ('whole', name))
        for part in ('state_dict', 'optimizer', 'mmcurv_random_state'):
            assert differences(whole[part], resumed[part]) == []
    whole, resumed = (
        json.loads((runs / folder / 'run.json').read_text())
        for folder in ('whole', name))
    for key in ('results', 'classes', 'history', 'protocol', 'split'):
        assert whole[key] == resumed[key]


def work(rank, folder):
    """Train two stages, and tell what this process found in the end."""
    cfg = staged(folder / 'run', dict(name='features'),
                 classifier(norm='train'))
    cfg.launcher = 'pytorch'
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel', device_ids=None)
    cfg.default_hooks['sync_buffers'] = dict(type='SyncBuffersHook')
    train(cfg)
    train(cfg, 'auto')
    return dict(weights=weights(folder / 'run/epoch_3.pth'))


def test_two_processes_train_both_stages(tmp_path):
    in_two_processes(work, tmp_path)
    run = tmp_path / 'run'
    before = weights(run / 'stage_features/epoch_2.pth')
    after = weights(run / 'epoch_3.pth')
    statistics = ('running_mean', 'running_var', 'num_batches_tracked')
    for name, value in before.items():
        stays = name.startswith('backbone') and not name.endswith(statistics)
        assert torch.equal(value, after[name]) == stays, name
    record = json.loads((run / 'run.json').read_text())
    assert record['machine']['processes'] == 2
    assert [stage['epochs'] for stage in record['stages']] == [2, 3]


def test_model_is_evaluated_and_saved_and_not_trained(tmp_path):
    parts = toy_run.train_parts()
    parts['train_cfg'] = dict(type='mmcurv.EvaluationLoop')
    runner = toy_run.build(tmp_path, parts, toy_run.val_parts())
    before = [p.clone() for p in runner.model.parameters()]
    runner.train()
    assert all(map(torch.equal, before, runner.model.parameters()))
    assert (runner.epoch, runner.iter) == (1, 0)
    assert (tmp_path / 'epoch_1.pth').is_file()
    assert (tmp_path / 'class_accuracy/epoch_001.json').is_file()
