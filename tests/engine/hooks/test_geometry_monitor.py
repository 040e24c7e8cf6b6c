# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import datetime
import json
import math
import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from tensorboard.backend.event_processing.event_accumulator import \
    EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from mmcurv.engine.extraction.images import (extract_features,
                                             train_set_as_tested)
from mmcurv.engine.geometry_record import MEASURES, measure_classes
from mmcurv.engine.hooks import GeometryMonitorHook, geometry_monitor
from mmcurv.engine.hooks.geometry_monitor import ClassSubset, show_geometry
from mmcurv.geometry import (class_curvature, class_volume, mean_radius,
                             separation_degree)
from tests.engine import curvature_run
from tests.engine.toy_run import (COUNTS, CornerPoints, build, loader,
                                  train_parts, val_parts)
from tests.engine.two_processes import in_two_processes

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


COST = ('train_loss', 'seconds', 'share_of_training')


class Losses(Hook):
    """Remembers the loss of every step, epoch by epoch."""

    def __init__(self):
        self.epochs = []

    def before_train_epoch(self, runner):
        self.epochs.append([])

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.epochs[-1].append(outputs['loss'].item())


def train(tmp_path, *parts, epochs=2, hooks=(), backends=(), **monitor):
    monitor = dict(
        dict(
            type='mmcurv.GeometryMonitorHook',
            dataloader=loader(),
            curvature=dict(k=8)), **monitor)
    runner = build(
        tmp_path,
        train_parts(max_epochs=epochs),
        *parts,
        custom_hooks=[monitor, *hooks],
        visualizer=dict(
            type='Visualizer', vis_backends=[dict(type=b) for b in backends]))
    runner.train()
    return runner


def records_of(tmp_path):
    return [
        json.loads(path.read_text())
        for path in sorted((tmp_path / 'geometry').iterdir())
    ]


def scalars_of(tmp_path):
    path, = tmp_path.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_record_holds_every_measure_of_the_train_set(tmp_path):
    runner = train(tmp_path)
    record = records_of(tmp_path)[-1]
    features, labels = extract_features(runner.model,
                                        runner.build_dataloader(loader()),
                                        'head.fc')
    radius = [mean_radius(features[labels == c]).item() for c in range(3)]
    for name, expected in (('separation',
                            separation_degree(features, labels, 3).tolist()),
                           ('volume', class_volume(features, labels,
                                                   3).tolist()), ('radius',
                                                                  radius)):
        assert record[name] == pytest.approx(expected, rel=1e-5)
    assert record['num_points'] == sum(COUNTS)


def test_imbalance_is_the_population_variance_over_classes(tmp_path):
    train(tmp_path)
    for record in records_of(tmp_path):
        for name in MEASURES:
            assert record['mean'][name] == pytest.approx(np.mean(record[name]))
            assert record['imbalance'][name] == pytest.approx(
                np.var(record[name]))
            assert record['entered'][name] == 3


def test_class_without_points_is_left_out_of_the_mean(tmp_path):
    train(tmp_path, dataloader=loader(counts=(30, 20, 0)))
    record = records_of(tmp_path)[-1]
    assert record['count'] == [30, 20, 0]
    for name in MEASURES:
        assert record[name][2] is None
        assert record['entered'][name] == 2
        assert record['mean'][name] == pytest.approx(np.mean(record[name][:2]))


def test_correlation_is_with_the_accuracies_of_the_same_epoch(tmp_path):
    train(tmp_path, val_parts(dict(counts=(40, 40, 40), seed=1)), epochs=3)
    for record in records_of(tmp_path):
        name = f'epoch_{record["epoch"]:03d}.json'
        path = tmp_path / 'class_accuracy' / name
        rows = json.loads(path.read_text())['classes']
        accuracy = [row['correct'] / row['test_count'] for row in rows]
        assert record['accuracy'] == pytest.approx(accuracy)
        for measure, found in record['correlation'].items():
            expected = np.corrcoef(record[measure], accuracy)[0, 1]
            assert found['pearson'] == pytest.approx(expected)
            assert found['entered'] == 3


def test_epoch_without_evaluation_has_no_correlation(tmp_path):
    parts = dict(train_cfg=dict(by_epoch=True, max_epochs=4, val_interval=2))
    train(tmp_path, val_parts(), parts)
    found = ['correlation' in record for record in records_of(tmp_path)]
    assert found == [False, True, False, True]


def test_evaluation_of_other_classes_is_not_correlated(tmp_path):
    train(
        tmp_path,
        val_parts(dict(counts=(8, 8, 8), seed=1)),
        dataloader=loader(counts=(20, 20), named=False))
    assert not any('accuracy' in record for record in records_of(tmp_path))


def test_bound_on_images_takes_the_same_ones_each_epoch(tmp_path):
    seen = []

    class Seen(GeometryMonitorHook):

        def after_train_epoch(self, runner):
            super().after_train_epoch(runner)
            seen.append([
                sample.sample_idx for batch in self._loader
                for sample in batch['data_samples']
            ])

    hook = Seen(dataloader=loader(), curvature=dict(k=8), max_per_class=20)
    build(tmp_path, train_parts(max_epochs=2), custom_hooks=[hook]).train()
    assert records_of(tmp_path)[0]['count'] == [20, 20, 5]
    assert len(set(seen[0])) == 45
    assert seen[0] == seen[1] == sorted(seen[0])


def test_initial_network_is_epoch_0(tmp_path):
    train(tmp_path, val_parts(), at_start=True)
    records = records_of(tmp_path)
    assert [record['epoch'] for record in records] == [0, 1, 2]
    assert 'train_loss' not in records[0]
    assert records[0]['share_of_training'] is None
    assert 'accuracy' not in records[0] and 'accuracy' in records[1]


def test_resumed_run_has_no_second_epoch_0(tmp_path):
    train(tmp_path, epochs=1, at_start=True)
    start = tmp_path / 'geometry' / 'epoch_000.json'
    start.unlink()
    train(
        tmp_path,
        dict(resume=True, load_from=str(tmp_path / 'epoch_1.pth')),
        at_start=True)
    assert not start.exists()
    assert (tmp_path / 'geometry' / 'epoch_002.json').is_file()


def test_watched_run_ends_as_the_one_without(tmp_path):
    watched = train(
        tmp_path / 'a',
        val_parts(),
        at_start=True,
        max_per_class=10,
        backends=['LocalVisBackend', 'TensorboardVisBackend'])
    alone = build(tmp_path / 'b', train_parts(), val_parts())
    alone.train()
    states = watched.model.state_dict(), alone.model.state_dict()
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[1])


def test_part_of_the_model_that_is_frozen_stays_so(tmp_path):

    class Freeze(Hook):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            runner.model.head.eval()

    runner = train(tmp_path, hooks=[Freeze()], epochs=1)
    assert runner.model.training and not runner.model.head.training


def test_loss_is_the_mean_over_the_steps_of_the_epoch(tmp_path):
    losses = Losses()
    train(tmp_path, hooks=[losses])
    for record, steps in zip(records_of(tmp_path), losses.epochs):
        assert record['train_loss'] == pytest.approx(np.mean(steps))


def test_share_of_training_is_all_measuring_over_all_training(tmp_path):
    runner = train(tmp_path, epochs=3, interval=2)
    record, = records_of(tmp_path)
    hook, = (h for h in runner.hooks if isinstance(h, GeometryMonitorHook))
    meter = hook._meter
    assert record['seconds'] == pytest.approx(meter.measuring)
    two_epochs = record['seconds'] / record['share_of_training']
    assert 0 < two_epochs < meter.training


@pytest.mark.parametrize('backend', ['LocalVisBackend', 'Tensorboard'])
def test_every_backend_gets_the_scalars(tmp_path, backend):
    if backend == 'Tensorboard':
        train(tmp_path, val_parts(), backends=['TensorboardVisBackend'])
        folder, = tmp_path.glob('*/vis_data')
        events = EventAccumulator(str(folder)).Reload()
        found = {
            name: [(e.step, e.value) for e in events.Scalars(name)]
            for name in events.Tags()['scalars']
        }
    else:
        train(tmp_path, val_parts(), backends=[backend])
        found = {}
        for line in scalars_of(tmp_path):
            for name, value in line.items():
                found.setdefault(name, []).append((line['step'], value))
    for record in records_of(tmp_path):
        expected = {name: record[name] for name in COST}
        for name in MEASURES:
            expected[f'{name}_mean'] = record['mean'][name]
            expected[f'{name}_imbalance'] = record['imbalance'][name]
            expected[f'{name}_accuracy_pearson'] = record['correlation'][name][
                'pearson']
        for name, value in expected.items():
            if value is not None:
                assert dict(found[f'geometry/{name}'])[
                    record['epoch']] == pytest.approx(
                        value, rel=1e-5)


def test_tensorboard_gets_histograms_over_the_classes(tmp_path):
    train(tmp_path, backends=['TensorboardVisBackend', 'LocalVisBackend'])
    folder, = tmp_path.glob('*/vis_data')
    every = dict(histograms=0)  # else only some are kept
    events = EventAccumulator(str(folder), every).Reload()
    for record in records_of(tmp_path):
        for name in MEASURES:
            shown = {
                e.step: e.histogram_value
                for e in events.Histograms(f'geometry/{name}')
            }
            histogram = shown[record['epoch']]
            assert histogram.num == 3
            assert histogram.max == pytest.approx(max(record[name]))


def test_log_line_states_the_cost(tmp_path):
    runner = build(
        tmp_path,
        train_parts(),
        custom_hooks=[
            dict(
                type='mmcurv.GeometryMonitorHook',
                dataloader=loader(),
                curvature=dict(k=8))
        ])
    lines = []
    runner.logger.info = lambda line, *args, **kwargs: lines.append(str(line))
    runner.train()
    line = [line for line in lines if 'Geometry of' in line][-1]
    share = 100 * records_of(tmp_path)[-1]['share_of_training']
    assert f'{share:.1f} % of the time of the training epochs' in line
    assert math.isfinite(share)


def test_bound_below_one_is_refused():
    with pytest.raises(ValueError, match='max_per_class must be >= 1, got 0'):
        GeometryMonitorHook(max_per_class=0)


def test_averaged_weights_are_measured_where_they_are_evaluated(tmp_path):
    runner = curvature_run.build(tmp_path, dict(MONITOR, interval=None),
                                 dict(type='EMAHook', momentum=0.1))
    runner.train()
    ema = next(h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    record, = records_of(tmp_path)
    for model, is_measured in ((ema.ema_model.module, True), (runner.model,
                                                              False)):
        features, labels = extract_features(model,
                                            runner.build_dataloader(loader()),
                                            'head.fc')
        radius = [mean_radius(features[labels == c]).item() for c in range(3)]
        assert (record['radius'] == pytest.approx(radius,
                                                  rel=1e-5)) == is_measured


@pytest.mark.parametrize('name',
                         ['measure_classes', 'show_geometry', 'correlate'])
def test_killed_run_has_the_records_of_the_whole_one(tmp_path, monkeypatch,
                                                     name):
    """Killed after it saved, after it measured, and after it evaluated."""
    parts = val_parts(dict(counts=(40, 40, 40), seed=1))
    train(tmp_path / 'whole', parts, epochs=3)
    with monkeypatch.context() as patch:
        patch.setattr(geometry_monitor, name, After(name, 1))
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / 'cut', parts, epochs=3)
    assert (tmp_path / 'cut' / 'epoch_2.pth').is_file()
    assert not (tmp_path / 'cut' / 'epoch_3.pth').exists()
    train(
        tmp_path / 'cut',
        parts,
        dict(resume=True),
        epochs=3,
        hooks=[dict(type='mmcurv.MissedEvaluationHook')])
    for ours, theirs in zip(
            records_of(tmp_path / 'cut'), records_of(tmp_path / 'whole')):
        assert 'train_loss' in ours and 'correlation' in ours
        for record in (ours, theirs):
            for key in ('seconds', 'share_of_training'):
                del record[key]
        if ours['epoch'] < 3:  # numbers of the rest are drawn anew
            assert ours == theirs


class After:
    """A function of the module that is cut off after so many calls."""

    def __init__(self, name, times):
        self.function = getattr(geometry_monitor, name)
        self.left = times

    def __call__(self, *args, **kwargs):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.function(*args, **kwargs)


def test_accuracies_that_are_on_the_disk_come_into_the_record(tmp_path):
    """Also where nobody evaluates anew."""
    train(tmp_path, val_parts())
    path = tmp_path / 'geometry' / 'epoch_002.json'
    whole = json.loads(path.read_text())
    record = {
        key: value
        for key, value in whole.items()
        if key not in ('accuracy', 'correlation')
    }
    path.write_text(json.dumps(record))
    train(tmp_path, val_parts(), dict(resume=True))
    assert json.loads(path.read_text()) == whole


def test_images_are_read_when_they_are_needed(tmp_path):
    """The train set is not built twice all along."""
    runner = build(
        tmp_path,
        train_parts(max_epochs=2),
        custom_hooks=[dict(MONITOR, interval=None)])
    hook = next(h for h in runner.hooks if isinstance(h, GeometryMonitorHook))
    built = []

    class Watch(Hook):

        def after_train_iter(self, runner, **kwargs):
            built.append(hook._loader is not None)

    runner.register_hook(Watch())
    runner.train()
    assert not any(built) and hook._loader is not None


def train_monitored(rank, folder):
    os.chdir(folder)  # mmengine gathers through ./.dist_test
    monitor = dict(
        type='mmcurv.GeometryMonitorHook',
        dataloader=loader(),
        curvature=dict(k=8),
        at_start=True)
    runner = build(
        'run',
        train_parts(max_epochs=2),
        val_parts(dict(counts=(40, 40, 40), seed=1)),
        hooks=dict(sync_buffers=dict(type='SyncBuffersHook')),
        custom_hooks=[monitor],
        **DISTRIBUTED)
    runner.train()
    hook = next(h for h in runner.hooks if isinstance(h, GeometryMonitorHook))
    return len(hook._loader.sampler)


DISTRIBUTED = dict(
    launcher='pytorch',
    cfg=dict(
        model_wrapper_cfg=dict(
            type='MMDistributedDataParallel', device_ids=None)))


def test_processes_share_the_images_and_the_first_measures_all(tmp_path):
    assert in_two_processes(train_monitored, tmp_path) == [83, 82]
    for epoch in range(3):
        record = json.loads((tmp_path / 'run' / 'geometry' /
                             f'epoch_{epoch:03d}.json').read_text())
        assert record['count'] == list(COUNTS)
        if epoch == 0:
            continue
        rows = json.loads((tmp_path / 'run' / 'class_accuracy' /
                           f'epoch_{epoch:03d}.json').read_text())['classes']
        assert sum(row['test_count'] for row in rows) == 120
        assert record['accuracy'] == pytest.approx(
            [row['correct'] / row['test_count'] for row in rows])


PATIENCE, MEASURES_FOR = 6, 15  # seconds


def train_slowly(rank, folder):
    """The first process measures longer than a step may take."""
    os.chdir(folder)
    saved = []

    def slow(*args):
        saved.append((folder / 'run' / 'epoch_2.pth').is_file())
        time.sleep(MEASURES_FOR)
        return measure_classes(*args)

    geometry_monitor.measure_classes = slow
    build(
        'run',
        train_parts(max_epochs=2),
        val_parts(dict(counts=(40, 40, 40), seed=1)),
        hooks=dict(
            geometry=dict(MONITOR, interval=None),
            run_record=dict(type='mmcurv.RunRecordHook')),
        **DISTRIBUTED).train()
    return saved


def test_process_that_measures_for_long_costs_no_checkpoint(tmp_path):
    found = in_two_processes(
        train_slowly, tmp_path, timeout=datetime.timedelta(seconds=PATIENCE))
    assert found == [[True], []]
    assert (tmp_path / 'run' / 'epoch_2.pth').is_file()
    record = json.loads((tmp_path / 'run' / 'run.json').read_text())
    assert record['geometry']['epoch'] == 2
    measured = json.loads(
        (tmp_path / 'run' / 'geometry' / 'epoch_002.json').read_text())
    assert measured['seconds'] > MEASURES_FOR > PATIENCE
    assert 'correlation' in measured


def visualizer_of(writer):
    """What the hook needs of a visualizer."""
    return SimpleNamespace(
        add_scalars=lambda *args, **kwargs: None,
        get_backend=lambda name: SimpleNamespace(experiment=writer))


def record_of(values):
    return dict(
        epoch=1, mean={}, imbalance={}, **{name: values
                                           for name in MEASURES})


def test_values_beyond_the_bins_of_tensorboard_are_left_out(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:  # fails for them
        show_geometry(visualizer_of(writer), record_of([1e31, 2e31]))


def test_values_within_the_bins_are_kept():
    shown = {}
    writer = SimpleNamespace(
        add_histogram=lambda name, values, epoch: shown.update({name: values}))
    show_geometry(visualizer_of(writer), record_of([1., 1e31, np.nan, -2.]))
    assert set(shown) == {f'geometry/{name}' for name in MEASURES}
    for values in shown.values():
        assert values.tolist() == [1, -2]


LABELS = np.repeat(range(3), COUNTS)


def test_without_a_bound_all_items_come_in_order():
    subset = ClassSubset(CornerPoints())
    assert list(subset) == list(range(sum(COUNTS)))
    assert len(subset) == sum(COUNTS)


@pytest.mark.parametrize('bound', [1, 5, 40, 1000])
def test_each_class_gives_at_most_the_bound(bound):
    chosen = list(ClassSubset(CornerPoints(), bound))
    assert chosen == sorted(set(chosen))
    assert np.bincount(
        LABELS[chosen]).tolist() == [min(count, bound) for count in COUNTS]


def test_draw_follows_the_seed_and_nothing_else():
    draws = [list(ClassSubset(CornerPoints(), 5, seed)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_every_item_of_a_class_is_drawn_about_equally_often():
    drawn = np.zeros(sum(COUNTS))
    for seed in range(300):
        drawn[list(ClassSubset(CornerPoints(), 10, seed))] += 1
    second = drawn[LABELS == 1]  # expected 75 of 300, deviation 7.5
    assert 40 < second.min() and second.max() < 110
