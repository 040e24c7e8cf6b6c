# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import pytest
import torch

from mmcurv.engine.extract_features import (extract_features,
                                            train_set_as_tested)
from mmcurv.engine.hooks import GeometryMonitorHook
from mmcurv.geometry import class_curvature
from . import curvature_run
from .toy_run import COUNTS, build, loader, train_parts

MONITOR = dict(
    type='mmcurv.GeometryMonitorHook',
    interval=2,
    dataloader=loader(),
    curvature=dict(k=8))


def monitored(tmp_path, hooks=(MONITOR, )):
    runner = build(
        tmp_path, train_parts(max_epochs=4), custom_hooks=list(hooks))
    runner.train()
    return runner


def test_record_holds_the_class_curvature_of_the_train_set(tmp_path):
    runner = monitored(tmp_path)
    names = sorted(p.name for p in (tmp_path / 'geometry').iterdir())
    assert names == ['epoch_002.json', 'epoch_004.json']
    record = json.loads((tmp_path / 'geometry' / names[-1]).read_text())
    features, labels = extract_features(runner.model,
                                        runner.build_dataloader(loader()),
                                        'head.fc')
    expected = class_curvature(features, labels, 3, k=8)
    assert record['count'] == list(COUNTS)
    assert record['curvature'] == pytest.approx(expected.value.tolist())


def test_monitored_run_ends_as_the_one_without(tmp_path):
    with_it = monitored(tmp_path / 'a').model.state_dict()
    without = monitored(tmp_path / 'b', hooks=()).model.state_dict()
    assert all(torch.equal(with_it[k], without[k]) for k in without)


@pytest.mark.parametrize('training', [True, False])
def test_mode_of_the_model_is_restored(tmp_path, training):
    runner = monitored(tmp_path)
    model = runner.model.train(training)
    extract_features(model, runner.build_dataloader(loader()), 'head.fc')
    assert model.training == training
    assert not model.head.fc._forward_pre_hooks


def test_train_set_takes_the_pipeline_of_the_evaluation():
    train = dict(
        dataset=dict(
            type='mmcurv.LongTailed',
            dataset=dict(type='A', pipeline=['augment'])))
    val = dict(batch_size=7, dataset=dict(type='B', pipeline=['pack']))
    for name in ('val_dataloader', 'test_dataloader'):
        made = train_set_as_tested({'train_dataloader': train, name: val})
        assert made['batch_size'] == 7
        assert made['dataset']['dataset'] == dict(type='A', pipeline=['pack'])
    assert train['dataset']['dataset']['pipeline'] == ['augment']


def test_every_member_of_a_concatenation_takes_the_pipeline():
    members = [dict(type='A', pipeline=['augment']) for _ in range(2)]
    made = train_set_as_tested(
        dict(
            train_dataloader=dict(
                dataset=dict(type='ConcatDataset', datasets=members)),
            val_dataloader=dict(dataset=dict(type='B', pipeline=['pack']))))
    assert made['dataset']['datasets'] == [
        dict(type='A', pipeline=['pack']),
        dict(type='A', pipeline=['pack'])
    ]


def test_config_without_evaluation_says_what_to_give():
    with pytest.raises(ValueError, match='dataloader argument'):
        train_set_as_tested(dict(train_dataloader=dict()))


def with_second_layer(tmp_path, **monitor):
    """A run whose head has another matrix of three rows besides its fc."""
    runner = build(
        tmp_path,
        train_parts(max_epochs=4),
        custom_hooks=[dict(MONITOR, **monitor)])
    head = runner.model.head
    head.twin = torch.nn.Linear(4, 3)
    head.fc.register_forward_hook(lambda fc, args, out: out + head.twin(*args))
    return runner


@pytest.mark.parametrize('attributes, layer', [
    (dict(), 'head.fc'),
    (dict(curvature_layers=['twin']), 'head.twin'),
    (dict(curvature_layers=['fc', 'twin'],
          geometry_layer='twin'), 'head.twin'),
])
def test_layer_is_what_the_head_says_or_the_classifier(tmp_path, attributes,
                                                       layer):
    runner = with_second_layer(tmp_path)
    for name, value in attributes.items():
        setattr(runner.model.head, name, value)
    runner.train()
    record = json.loads((tmp_path / 'geometry/epoch_004.json').read_text())
    assert record['layer'] == layer


def test_several_layers_of_a_head_are_no_place_to_measure(tmp_path):
    runner = with_second_layer(tmp_path)
    runner.model.head.curvature_layers = ['fc', 'twin']
    with pytest.raises(ValueError, match='got curvature_layers of CornerHead'):
        runner.train()


def test_layer_that_is_not_there_is_refused_before_the_first_step(tmp_path):
    runner = with_second_layer(tmp_path, layer='head.twn')
    with pytest.raises(ValueError, match="Did you mean 'head.twin'"):
        runner.train()
    assert runner.iter == 0


def test_interval_below_one_is_refused():
    with pytest.raises(ValueError, match='interval'):
        GeometryMonitorHook(interval=0)


def test_without_interval_the_last_epoch_alone_is_measured(tmp_path):
    monitored(tmp_path, [dict(MONITOR, interval=None)])
    names = [p.name for p in (tmp_path / 'geometry').iterdir()]
    assert names == ['epoch_004.json']


def test_training_that_diverged_ends_without_a_measurement(tmp_path):
    runner = curvature_run.build(
        tmp_path,
        MONITOR,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e38)))
    warned = []
    runner.logger.warning = warned.append
    runner.train()
    assert runner.epoch == 3
    assert not (tmp_path / 'geometry').exists()
    assert any('165 of 165 features hold NaN or inf' in w for w in warned)
