# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import math

import pytest
import torch
from mmengine.config import Config

from mmcurv.regularization import FeaturePool, PooledCurvature
from tests.benchmark.bench_program import bench_program
from tests.engine.curvature_run import pool_hook
from tests.engine.toy_run import train_parts, val_parts

refresh_agreement = bench_program('refresh_agreement')
agreement = refresh_agreement.agreement
remembered_and_fresh = refresh_agreement.remembered_and_fresh
COUNTS = (20, 12, 9)
LABELS = torch.arange(3).repeat_interleave(torch.tensor(COUNTS))


def step(curvature, features, images):
    batch = features[images], LABELS[images], images
    curvature(*batch)
    curvature.push(*batch)


@pytest.fixture
def curvature():
    pool = FeaturePool(COUNTS, 4, dtype=torch.float64)
    return PooledCurvature(pool, k=6)


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(41, 4, generator=generator, dtype=torch.float64)


def test_known_differences_and_correlations():
    found = agreement([1., 2., 3., 5.], [1., 2., 3., 4.])
    assert found['largest'] == 1 and found['mean'] == 0.25
    assert found['spearman'] == 1
    assert math.isclose(found['pearson'], 6.5 / math.sqrt(8.75 * 5))
    assert math.isclose(found['spread'], math.sqrt(1.25))
    assert found['bias'] == 0.25 and found['entered'] == 4


def test_order_turned_round_has_a_rank_correlation_of_minus_one():
    assert agreement([1., 2., 9.], [3., 2., 1.])['spearman'] == -1


def test_class_that_is_flat_or_absent_in_one_reading_is_left_out():
    found = agreement([1., 2., 3., math.nan, 7.], [1., 2., 4., 5., -math.inf])
    assert found['entered'] == 3 and found['largest'] == 1


def test_two_classes_differ_but_have_no_correlation():
    found = agreement([1., 2.], [1., 3.])
    assert math.isnan(found['pearson']) and math.isnan(found['spearman'])
    assert found['largest'] == 1 and found['bias'] == -0.5


def test_no_class_in_common_has_no_numbers():
    found = agreement([1., math.nan], [math.nan, 1.])
    assert found['entered'] == 0 and math.isnan(found['largest'])


def test_batch_of_all_images_is_remembered_as_measured_anew(
        curvature, features):
    step(curvature, features, torch.arange(41))
    remembered, fresh = remembered_and_fresh(curvature)
    assert remembered == pytest.approx(fresh, rel=1e-9)


def test_class_whose_neighbours_moved_is_remembered_as_it_was(
        curvature, features):
    step(curvature, features, torch.arange(41))
    before, _ = remembered_and_fresh(curvature)
    features[:10] *= 3  # half of class 0
    step(curvature, features, torch.arange(10))
    remembered, fresh = remembered_and_fresh(curvature)
    assert remembered[1:] == pytest.approx(fresh[1:], rel=1e-9)
    assert remembered[1:] == pytest.approx(before[1:], rel=1e-9)
    assert abs(remembered[0] - fresh[0]) > 1e-3


def test_comparing_leaves_the_run_as_it_is(curvature, features):
    step(curvature, features, torch.arange(41))
    step(curvature, 2 * features, torch.arange(5))
    before = {k: v.clone() for k, v in curvature.state_dict().items()}
    remembered_and_fresh(curvature)
    for name, value in curvature.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_runs_are_compared_within_across_refreshes_and_across_seeds():
    at = dict(epoch=6, remembered=[1., 2., 3.], fresh=[1., 2., 4.])
    runs = [
        dict(refresh=refresh, seed=seed, epochs=[at])
        for refresh, seed in (('batch', 0), ('all', 0), ('batch', 1))
    ]
    found = refresh_agreement.compare_runs(runs)
    assert [row['largest'] for row in found['within']] == [1, 1, 1]
    between, = found['between']
    assert between['refreshes'] == ['batch', 'all']
    assert between['seeds'] == [0, 0] and between['largest'] == 0
    seeds, = found['seeds']
    assert seeds['refreshes'] == ['batch', 'batch']
    assert seeds['seeds'] == [0, 1]


def test_two_epochs_make_a_record_in_which_only_batch_is_behind(tmp_path):
    config, out = tmp_path / 'toy.py', tmp_path / 'record.json'
    Config(
        dict(
            **train_parts(),
            **val_parts(),
            custom_imports=dict(imports=['tests.engine.curvature_run']),
            model=dict(type='CurvedClassifier'),
            custom_hooks=[pool_hook()],
            default_hooks=dict(
                class_counts=dict(type='mmcurv.ClassCountsHook'),
                record=dict(type='mmcurv.RunRecordHook')),
            randomness=dict(seed=0))).dump(config)
    arguments = [
        '--config', config, '--seeds', 3, '--refreshes', 'batch', 'all',
        '--work-dir', tmp_path, '--out', out
    ]
    refresh_agreement.main([str(argument) for argument in arguments])
    record = json.loads(out.read_text())
    assert record['schema'] == 'mmcurv.refresh_agreement'
    assert [run['refresh'] for run in record['runs']] == ['batch', 'all']
    batch, everything = record['within']
    assert batch['epoch'] == everything['epoch'] == 2
    assert batch['entered'] == everything['entered'] == 3
    assert everything['largest'] < 1e-3 < batch['largest']
    assert len(record['between']) == 1 and not record['seeds']


def test_resume_trains_nothing_again_that_the_record_has(
        tmp_path, monkeypatch):
    out = tmp_path / 'record.json'
    trained = []

    def train(config, options, refresh, seed, folder):
        trained.append((refresh, seed))
        at = dict(epoch=6, remembered=[1., 2., 3.], fresh=[1., 2., 4.])
        return dict(refresh=refresh, seed=seed, epochs=[at])

    monkeypatch.setattr(refresh_agreement, 'train', train)
    arguments = ['--refreshes', 'batch', '--out', str(out), '--seeds']
    refresh_agreement.main([*arguments, '0'])
    refresh_agreement.main([*arguments, '0', '1', '--resume'])
    assert trained == [('batch', 0), ('batch', 1)]
    assert len(json.loads(out.read_text())['within']) == 2
    with pytest.raises(SystemExit, match='another options'):
        refresh_agreement.main([
            *arguments, '0', '--resume', '--cfg-options',
            'train_cfg.max_epochs=2'
        ])
