# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import math
import re

import pytest
import torch

from mmcurv.engine.train_split import TrainSplit
from tests.engine.toy_run import COUNTS, build, train_parts, val_parts


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

    monkeypatch.setattr('mmcurv.engine.train_split.class_counts', unreadable)
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
