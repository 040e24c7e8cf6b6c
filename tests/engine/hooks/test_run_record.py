# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os

import pytest
import torch
from mmengine.config import Config

from mmcurv.engine.hooks import RunRecordHook
from mmcurv.engine.provenance import config_hash
from tests.engine import curvature_run
from tests.engine.toy_run import COUNTS, val_parts

METRICS = {
    'overall', 'class_mean', 'head', 'middle', 'tail', 'worst_class',
    'worst_10pct', 'harmonic_mean', 'geometric_mean', 'variance', 'bias',
    'gini'
}


def run(work_dir, *hooks, record=None, default_hooks=None, **options):
    """Three epochs, two starts if ``resume`` is given; the Runner."""
    parts = dict(val_parts(), **options)
    runner = curvature_run.build(
        work_dir,
        *hooks,
        default_hooks=dict(
            class_counts=dict(type='mmcurv.ClassCountsHook'),
            geometry=dict(
                type='mmcurv.GeometryMonitorHook',
                interval=None,
                dataloader=curvature_run_loader(),
                curvature=dict(k=4)),
            run_record=dict(type='mmcurv.RunRecordHook', **(record or {})),
            **(default_hooks or {})),
        **parts)
    runner.train()
    return runner


def curvature_run_loader():
    return dict(
        batch_size=16,
        num_workers=0,
        dataset=dict(type='CornerPoints'),
        sampler=dict(type='DefaultSampler', shuffle=False))


def read(work_dir):
    with open(work_dir / 'run.json') as file:
        return json.load(file)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp('finished')
    weak = curvature_run.pool_hook(layer=None, loss=None, tau_share=4e11)
    runner = run(folder, weak)
    return runner, read(folder), folder


def test_record_says_what_it_is_and_with_what_it_was_made(finished):
    runner, record, _ = finished
    assert (record['schema'], record['schema_version']) == ('mmcurv.run', 1)
    assert record['seed'] == 7
    assert record['config']['hash'] == config_hash(runner.cfg)
    text = Config.fromstring(record['config']['text'], '.py')
    assert config_hash(text) == record['config']['hash']
    assert record['packages']['torch'] == torch.__version__.split('+')[0]
    assert record['machine']['processes'] == 1
    assert record['split']['class_counts'] == list(COUNTS)
    assert len(record['split']['fingerprint']) == 64


def test_protocol_names_the_main_number(finished):
    assert finished[1]['protocol'] == dict(
        main='last',
        selection_split='test',
        best_by='overall',
        epochs=3,
        head_above=100,
        tail_below=20)


def evaluation(folder, epoch):
    path = folder / 'class_accuracy' / f'epoch_{epoch:03d}.json'
    return json.loads(path.read_text())


def test_last_and_best_evaluation_are_those_that_were_written(finished):
    _, record, folder = finished
    overall = [evaluation(folder, e)['metrics']['overall'] for e in (1, 2, 3)]
    last, best = record['results']['last'], record['results']['best']
    assert last['epoch'] == 3
    assert last['metrics'] == evaluation(folder, 3)['metrics']
    assert set(last['metrics']) == METRICS
    assert best['epoch'] == 1 + overall.index(max(overall))
    assert best['metrics']['overall'] == max(overall)
    assert record['history']['epochs'] == [1, 2, 3]
    assert record['history']['overall'] == overall


def test_every_class_has_its_counts_and_accuracies(finished):
    _, record, folder = finished
    rows = evaluation(folder, 3)['classes']
    assert [row['train_count'] for row in record['classes']] == list(COUNTS)
    assert [row['last']
            for row in record['classes']] == [row['accuracy'] for row in rows]


def test_geometry_is_that_after_the_last_epoch(finished):
    _, record, folder = finished
    assert [p.name
            for p in (folder / 'geometry').iterdir()] == ['epoch_003.json']
    measured = json.loads((folder / 'geometry/epoch_003.json').read_text())
    geometry = record['geometry']
    assert geometry['curvature'] == measured['curvature']
    assert geometry['curvature_variance'] == pytest.approx(
        measured['imbalance']['curvature'])
    assert geometry['entered'] == measured['entered']['curvature']
    assert geometry['correlation'] == pytest.approx(
        measured['correlation']['curvature']['pearson'])


def test_options_of_curvature_regularization_are_those_of_the_run(finished):
    assert finished[1]['cr'] == dict(
        layer='head.fc',
        start_epoch=2,
        refresh='batch',
        live='batch',
        measure='curvature',
        control='value',
        alpha=None,
        mixed='skip',
        pool={},
        curvature=dict(k=6),
        loss=dict(tau=1.2e12))


def test_cost_counts_images_weights_and_time(finished):
    cost = finished[1]['cost']
    assert cost['samples'] == 3 * sum(COUNTS)
    assert cost['parameters'] == (4 * 4 + 4) + (4 * 3 + 3)
    assert cost['starts'] == 1
    assert cost['peak_memory_bytes'] > 1e7
    assert 0 < cost['training_seconds'] < cost['seconds']


def test_run_without_curvature_says_so(tmp_path):
    run(tmp_path)
    assert read(tmp_path)['cr'] is None


def test_costs_add_up_over_a_resumed_run(tmp_path, finished):
    short = dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook')))
    run(tmp_path, curvature_run.pool_hook(), max_epochs=2, **short)
    first = read(tmp_path)
    run(tmp_path, curvature_run.pool_hook(), resume=True, **short)
    both = read(tmp_path)
    assert both['cost']['starts'] == 2
    assert both['cost']['samples'] == finished[1]['cost']['samples']
    assert both['cost']['seconds'] > first['cost']['seconds'] * 0.9
    assert both['results'] == finished[1]['results']


def test_record_is_made_up_for_a_run_that_died_before_writing_it(tmp_path):
    short = dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook')))
    run(tmp_path, **short)
    before = read(tmp_path)
    os.remove(tmp_path / 'run.json')
    run(tmp_path, resume=True, **short)  # nothing is left to train
    after = read(tmp_path)
    for key in ('results', 'classes', 'history', 'split', 'geometry'):
        assert after[key] == before[key]
    assert after['cost']['samples'] == before['cost']['samples']


def test_evaluations_of_a_longer_run_before_are_not_taken(tmp_path):
    run(tmp_path)
    run(tmp_path, max_epochs=2)
    record = read(tmp_path)
    assert record['results']['last']['epoch'] == 2
    assert record['history']['epochs'] == [1, 2]


def test_run_without_class_accuracies_says_so(tmp_path):
    runner = run(
        tmp_path,
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None)  # yapf: disable
    record = read(tmp_path)
    assert record['results'] is None and record['classes'] is None
    assert runner.epoch == 3


def test_unknown_main_number_is_refused():
    with pytest.raises(ValueError, match="one of .*'last'.* got 'mean'"):
        RunRecordHook(main='mean')
