# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import math
import re

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmpretrain.evaluation import Accuracy
from torch import nn

from mmcurv.engine.hooks.class_counts import (TrainSplit, serve_metrics,
                                              serve_model)
from mmcurv.evaluation import ClassFairness
from tests.engine.toy_run import (COUNTS, AskingLoss, CornerClassifier, build,
                                  train_parts, val_parts)
from tests.engine.two_processes import in_two_processes


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Work folder of a run of two epochs, and its runner."""
    work_dir = tmp_path_factory.mktemp('trained')
    runner = build(work_dir, train_parts(), val_parts())
    runner.train()
    return work_dir, runner


def read(path):
    return json.loads(path.read_text())


def hook_of(runner):
    return next(
        hook for hook in runner.hooks
        if type(hook).__name__ == 'ClassCountsHook')


def test_metrics_know_groups_and_write_one_record_per_epoch(trained):
    work_dir, runner = trained
    assert runner.val_loop.evaluator.metrics[0].train_counts == list(COUNTS)
    assert sorted(p.name for p in (work_dir / 'class_accuracy').iterdir()) == [
        'epoch_001.csv', 'epoch_001.json', 'epoch_002.csv', 'epoch_002.json'
    ]
    record = read(work_dir / 'class_accuracy' / 'epoch_002.json')
    rows = record['classes']
    assert [row['group'] for row in rows] == ['head', 'middle', 'tail']
    assert [row['name'] for row in rows] == ['class 0', 'class 1', 'class 2']
    for group, row in zip(('head', 'middle', 'tail'), rows):
        assert record['metrics'][group] == row['accuracy']


def test_split_is_written_and_logged(trained):
    work_dir, runner = trained
    split = read(work_dir / 'split.json')
    assert split['class_counts'] == list(COUNTS)
    assert split['imbalance_factor'] == 24
    assert split['seed'] == 7
    assert split['dataset'] == 'CornerPoints'
    assert re.fullmatch('[0-9a-f]{64}', split['fingerprint'])
    line = hook_of(runner).split.describe()
    for words in ('165 images in 3 classes', '5 to 120', 'factor 24',
                  split['fingerprint']):
        assert words in line


def test_modules_are_told_before_and_after_weights_are_loaded(trained):
    loss = trained[1].model.head.loss_module
    assert loss.told == [list(COUNTS)] * 2


def test_checkpoint_holds_the_split_in_plain_types(trained):
    checkpoint = torch.load(trained[0] / 'epoch_2.pth', weights_only=True)
    split = checkpoint['mmcurv_split']
    assert split == hook_of(trained[1]).split.state()
    assert type(split['class_counts']) is list
    assert all(type(n) is int for n in split['class_counts'])


def test_test_only_run_has_groups_from_the_checkpoint(trained, tmp_path):
    runner = build(
        tmp_path,
        val_parts(test=True),
        load_from=str(trained[0] / 'epoch_2.pth'))
    metrics = runner.test()
    record = read(trained[0] / 'class_accuracy' / 'epoch_002.json')
    assert metrics == {
        f'fairness/{name}': value
        for name, value in record['metrics'].items()
    }
    test_record = read(tmp_path / 'class_accuracy' / 'test_epoch_002.json')
    assert test_record['classes'] == record['classes']
    assert runner.model.head.loss_module.told == [list(COUNTS)]


def test_test_after_training_in_one_process_has_groups(tmp_path):
    runner = build(tmp_path, train_parts(), val_parts(test=True))
    runner.train()
    assert runner.test()['fairness/tail'] >= 0
    assert (tmp_path / 'class_accuracy' / 'test_epoch_002.json').exists()


def test_test_only_run_without_checkpoint_reads_the_train_set(tmp_path):
    runner = build(tmp_path, train_parts(), val_parts(test=True))
    assert not math.isnan(runner.test()['fairness/tail'])
    assert (tmp_path / 'class_accuracy' / 'test.json').exists()
    assert not (tmp_path / 'split.json').exists()


@pytest.mark.parametrize('parts, reason', [
    ([], 'no train_dataloader'),
    ([train_parts()], 'cannot be read (no images here)'),
])
def test_test_only_run_without_counts_is_warned_and_nan(
        tmp_path, monkeypatch, parts, reason):

    def unreadable(dataset, num_classes):
        raise FileNotFoundError('no images here')

    monkeypatch.setattr('mmcurv.engine.hooks.class_counts.class_counts',
                        unreadable)
    runner = build(tmp_path, val_parts(test=True), *parts)
    warnings = []
    monkeypatch.setattr(runner.logger, 'warning', warnings.append)
    metrics = runner.test()
    runner.test()
    assert math.isnan(metrics['fairness/head'])
    assert not math.isnan(metrics['fairness/class_mean'])
    assert len(warnings) == 1
    assert reason in warnings[0]


def test_resume_with_the_same_split_goes_on(trained, tmp_path):
    runner = build(
        tmp_path,
        train_parts(max_epochs=3),
        val_parts(),
        load_from=str(trained[0] / 'epoch_1.pth'),
        resume=True)
    runner.train()
    assert (tmp_path / 'class_accuracy' / 'epoch_003.json').exists()
    assert read(tmp_path / 'split.json') == read(trained[0] / 'split.json')


def test_resume_with_another_split_is_refused(trained, tmp_path):
    runner = build(
        tmp_path,
        train_parts(train=dict(counts=(119, 40, 5))),
        val_parts(),
        load_from=str(trained[0] / 'epoch_1.pth'),
        resume=True)
    with pytest.raises(RuntimeError, match='165 images.*got.*164 images'):
        runner.train()
    assert not (tmp_path / 'split.json').exists()


def test_new_start_from_weights_of_another_split_is_allowed(trained, tmp_path):
    runner = build(
        tmp_path,
        train_parts(train=dict(counts=(30, 30, 30))),
        val_parts(),
        load_from=str(trained[0] / 'epoch_1.pth'))
    runner.train()
    assert runner.val_loop.evaluator.metrics[0].train_counts == [30, 30, 30]
    checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    assert checkpoint['mmcurv_split']['class_counts'] == [30, 30, 30]


def test_module_of_another_number_of_classes_is_named(tmp_path):
    runner = build(tmp_path, train_parts(), val_parts(), num_classes=10)
    words = (r'head\.loss_module \(AskingLoss\).*expected 10.*num_classes of '
             'head, but the train set has 3')
    with pytest.raises(ValueError, match=words):
        runner.train()


def test_val_set_of_other_classes_is_refused_before_the_first_step(tmp_path):
    runner = build(tmp_path, train_parts(),
                   val_parts(val=dict(counts=(8, 8, 8, 8))))
    words = 'ClassFairness asks.*expected 4.*train set has 3'
    with pytest.raises(ValueError, match=words):
        runner.train()
    assert runner.iter == 0


def test_label_that_is_no_class_is_named_before_the_step(tmp_path):
    runner = build(tmp_path, train_parts(), val_parts())
    hook = hook_of(runner)
    hook.split = TrainSplit([3, 2, 1], None, None)
    batch = dict(data_samples=torch.tensor([0, 3, 2]))
    with pytest.raises(ValueError, match=r'labels in \[0, 3\).*got \[3\]'):
        hook.before_train_iter(runner, 0, batch)
    hook.before_train_iter(runner, 0, dict(data_samples=torch.tensor([0, 2])))


def test_num_classes_counts_the_last_classes_of_an_unnamed_set(tmp_path):
    train = dict(counts=(60, 5, 0), named=False)
    runner = build(
        tmp_path,
        train_parts(train=train),
        val_parts(),
        hook=dict(num_classes=3))
    runner.train()
    assert read(tmp_path / 'split.json')['class_counts'] == [60, 5, 0]
    assert read(tmp_path / 'split.json')['imbalance_factor'] is None


def test_train_counts_and_folder_of_the_config_stay(tmp_path):
    metric = dict(
        type='mmcurv.ClassFairness',
        train_counts=[9, 9, 9],
        out_dir=str(tmp_path / 'mine'))
    runner = build(tmp_path, train_parts(), val_parts(metric=metric))
    runner.train()
    rows = read(tmp_path / 'mine' / 'epoch_002.json')['classes']
    assert [row['train_count'] for row in rows] == [9, 9, 9]
    assert not (tmp_path / 'class_accuracy').exists()


def test_wrapped_train_set_is_counted_through_its_wrappers(tmp_path):
    parts = train_parts()
    thinned = dict(
        type='mmcurv.LongTailed',
        counts=[20, 10, 5],
        dataset=dict(type='CornerPoints'))
    parts['train_dataloader']['dataset'] = dict(
        type='RepeatDataset', times=2, dataset=thinned)
    build(tmp_path, parts, val_parts()).train()
    split = read(tmp_path / 'split.json')
    assert split['class_counts'] == [20, 10, 5]
    assert split['dataset'] == 'RepeatDataset(LongTailed(CornerPoints))'


def test_averaged_copy_of_the_model_is_told_too(tmp_path):
    runner = build(
        tmp_path,
        train_parts(),
        val_parts(),
        custom_hooks=[dict(type='EMAHook')])
    runner.train()
    ema = next(h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    averaged = ema.ema_model.module.head.loss_module
    assert averaged.told == [list(COUNTS)]


def test_records_of_iteration_based_runs_carry_the_iteration(tmp_path):
    cfg = dict(by_epoch=False, max_iters=6, val_interval=3)
    build(tmp_path, train_parts(**cfg), val_parts()).train()
    assert (tmp_path / 'class_accuracy' / 'iter_0000006.json').exists()


@pytest.mark.parametrize('key, rule', [('fairness/class_mean', 'greater'),
                                       ('fairness/variance', 'less')])
def test_best_checkpoint_can_be_chosen_by_a_number(tmp_path, key, rule):
    checkpoint = dict(type='CheckpointHook', save_best=key, rule=rule)
    runner = build(
        tmp_path,
        train_parts(),
        val_parts(),
        hooks=dict(checkpoint=checkpoint))
    runner.train()
    assert list(tmp_path.glob(f'best_{key.replace("/", "_")}_epoch_*.pth'))


def test_module_inside_a_model_wrapper_is_told():
    model = CornerClassifier()
    serve_model(nn.DataParallel(model), COUNTS)
    assert model.head.loss_module.told == [list(COUNTS)]


def test_module_gets_a_list_of_its_own():
    model = nn.Sequential(AskingLoss(), AskingLoss())
    serve_model(model, COUNTS)
    model[0].told[0][0] = -1
    assert model[1].told == [list(COUNTS)]


def test_model_that_does_not_say_its_classes_is_served_as_it_is():
    loss = AskingLoss()
    serve_model(loss, COUNTS)
    assert loss.told == [list(COUNTS)]


def test_num_classes_of_the_module_goes_before_that_around_it():
    model = CornerClassifier(num_classes=10)
    model.head.loss_module.num_classes = len(COUNTS)
    serve_model(model, COUNTS)
    model.head.loss_module.num_classes = 4
    with pytest.raises(ValueError, match='expected 4 .*of head.loss_module,'):
        serve_model(model, COUNTS)


def test_metrics_that_do_not_ask_are_left_alone():
    asking, other = ClassFairness(), Accuracy()
    serve_metrics(Evaluator([other, asking]), COUNTS)
    assert asking.train_counts == list(COUNTS)
    assert not hasattr(other, 'train_counts')


STEPS = 11  # of an epoch


class EpochLoss(torch.nn.CrossEntropyLoss):
    """Keeps what it is told, and what it knows in every step."""

    def __init__(self):
        super().__init__()
        self.told, self.steps = [], []

    def set_epoch(self, epoch, max_epochs):
        self.told.append((epoch, max_epochs))

    def forward(self, *args):
        self.steps.append(self.told[-1])
        return super().forward(*args)


class FirstLook(Hook):
    """Keeps the epochs that the loss knows when other hooks begin one."""
    priority = 'HIGH'

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        self.seen.append(loss_of(runner).told[-1])


def built(work_dir, *parts, loss=None, **options):
    runner = build(work_dir, *parts, **options)
    runner.model.head.loss_module = loss or EpochLoss()
    return runner


def loss_of(runner):
    return getattr(runner.model, 'module', runner.model).head.loss_module


def test_epochs_are_told_once_counted_from_1_before_their_first_step(tmp_path):
    runner = built(tmp_path, train_parts(max_epochs=3))
    runner.train()
    loss = loss_of(runner)
    assert loss.told == [(1, 3), (2, 3), (3, 3)]
    assert loss.steps == [(1, 3)] * STEPS + [(2, 3)] * STEPS + [(3, 3)] * STEPS


def test_other_hooks_begin_an_epoch_with_a_model_that_knows_it(tmp_path):
    look = FirstLook()
    runner = built(tmp_path, train_parts(), custom_hooks=[look])
    runner.train()
    assert look.seen == [(1, 2), (2, 2)]


def test_loop_over_iterations_tells_each_pass_over_the_train_set(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=2 * STEPS + 3)
    runner = built(tmp_path, parts)
    runner.train()
    assert loss_of(runner).told == [(1, 3), (2, 3), (3, 3)]
    assert loss_of(
        runner).steps == [(1, 3)] * STEPS + [(2, 3)] * STEPS + [(3, 3)] * 3


def test_resumed_run_is_told_its_epoch(tmp_path):
    built(tmp_path, train_parts(max_epochs=2)).train()
    runner = built(
        tmp_path / 'resumed',
        train_parts(max_epochs=4),
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True)
    runner.train()
    assert loss_of(runner).told == [(3, 4), (4, 4)]


def test_resume_in_the_middle_of_an_epoch_is_told_that_epoch(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=STEPS + 4)
    saving = dict(type='CheckpointHook', by_epoch=False, interval=STEPS + 4)
    hooks = dict(checkpoint=saving)
    runner = build(tmp_path, parts, hooks=hooks)
    runner.model.head.loss_module = EpochLoss()
    runner.train()
    parts = train_parts(by_epoch=False, max_iters=3 * STEPS)
    runner = built(
        tmp_path / 'resumed',
        parts,
        load_from=str(tmp_path / f'iter_{STEPS + 4}.pth'),
        resume=True)
    runner.train()
    assert loss_of(runner).told == [(2, 3), (3, 3)]


def test_loop_that_is_at_its_end_tells_no_epoch_beyond_it(tmp_path):
    parts = train_parts(by_epoch=False, max_iters=STEPS)
    saving = dict(type='CheckpointHook', by_epoch=False, interval=STEPS)
    runner = build(tmp_path, parts, hooks=dict(checkpoint=saving))
    runner.model.head.loss_module = EpochLoss()
    runner.train()
    runner = built(
        tmp_path / 'resumed',
        parts,
        load_from=str(tmp_path / f'iter_{STEPS}.pth'),
        resume=True)
    runner.train()
    assert runner.iter == STEPS and loss_of(runner).told == []


def told_in_a_process(rank, folder):
    runner = build(
        folder / f'work{rank}',
        train_parts(),
        hooks=dict(checkpoint=None),
        custom_hooks=[NewLoss()],
        launcher='pytorch',
        cfg=dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None)))
    runner.train()
    return type(runner.model).__name__, loss_of(runner).told


class NewLoss(Hook):
    """Gives the model its loss, since a Runner wraps it when it is built."""
    priority = 'HIGHEST'

    def before_run(self, runner):
        runner.model.module.head.loss_module = EpochLoss()


def test_wrapped_model_is_told_in_every_process(tmp_path):
    told = 'MMDistributedDataParallel', [(1, 2), (2, 2)]
    assert in_two_processes(told_in_a_process, tmp_path) == [told, told]
