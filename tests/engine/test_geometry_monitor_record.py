# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import math

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from tensorboard.backend.event_processing.event_accumulator import \
    EventAccumulator

from mmcurv.engine.extract_features import extract_features
from mmcurv.engine.geometry_record import MEASURES
from mmcurv.engine.hooks import GeometryMonitorHook
from mmcurv.geometry import class_volume, mean_radius, separation_degree
from .toy_run import COUNTS, build, loader, train_parts, val_parts

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

        def _measure(self, runner, epoch):
            positions = [
                sample.sample_idx for batch in self.dataloader
                for sample in batch['data_samples']
            ]
            seen.append(positions)
            return super()._measure(runner, epoch)

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
