# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs of several experts with CR at each of them."""
import json

import pytest
import torch

from mmcurv.models.losses import effective_number_weights
from tests.engine.curvature_run import hook_of, scalars, step_of
from tests.engine.image_run import build
from tests.engine.step_watch import watch_of
from tests.engine.test_resume_exactly import differences
from tests.engine.two_processes import in_two_processes
from tests.models.classifiers.ride_run import (CLASSES, LAYERS, build_experts,
                                               experts)

LOG_TAU_OF_2 = 0.025085832971998432


def ended(work_dir, **options):
    runner = build_experts(work_dir, **options)
    runner.train()
    return runner


def test_each_expert_has_its_pool_and_its_curvature(tmp_path):
    runner = ended(tmp_path, layer=None)
    steps = hook_of(runner).steps
    assert list(steps) == LAYERS
    pools = [step.curvature.pool.features for step in steps.values()]
    assert all(pool.shape == (32, 12) for pool in pools)
    assert not torch.equal(*pools[:2])
    for name in LAYERS:
        assert len(scalars(runner, f'log_curvature_mean/{name}')) == 2


def test_experts_may_be_regularized_as_one(tmp_path):
    runner = ended(tmp_path, layer='head.all_features')
    assert step_of(runner).curvature.pool.features.shape == (32, 36)


def test_epoch_and_weights_reach_the_loss(tmp_path):
    loss = ended(tmp_path).model.head.loss_module
    assert loss.epoch == 2
    torch.testing.assert_close(loss.class_weights,
                               effective_number_weights(CLASSES).float())


def test_negative_loss_does_not_turn_the_term_around(tmp_path):
    """A large diversity makes the loss negative; the term stays a push."""
    runner = ended(
        tmp_path,
        model=experts(loss=dict(diversity=-1e3)),
        hook=dict(loss=dict(tau=1e12, max_weight=1e6)))
    last = watch_of(runner).losses[-1]
    assert last['loss'] < 0
    assert last['loss_curvature'] == pytest.approx(
        LOG_TAU_OF_2 * abs(last['loss']), rel=1e-4)


def test_resumed_run_ends_as_the_uninterrupted_one(tmp_path):
    saves = dict(checkpoint=dict(type='CheckpointHook', interval=1))
    ended(tmp_path / 'whole', hooks=saves, max_epochs=3)
    ended(
        tmp_path / 'resumed',
        hooks=saves,
        max_epochs=3,
        load_from=str(tmp_path / 'whole/epoch_2.pth'),
        resume=True)
    whole, resumed = (
        torch.load(tmp_path / name / 'epoch_3.pth', weights_only=True)
        for name in ('whole', 'resumed'))
    for state in ('state_dict', 'optimizer', 'mmcurv_feature_pool'):
        assert differences(whole[state], resumed[state], state) == []
    assert set(whole['mmcurv_feature_pool']['layers']) == set(LAYERS)


def test_geometry_is_measured_on_the_concatenation(tmp_path):
    monitor = dict(type='mmcurv.GeometryMonitorHook')
    loader = dict(
        batch_size=16,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='NoiseImages', counts=CLASSES))
    ended(tmp_path, hooks=dict(geometry=dict(monitor, dataloader=loader)))
    record = json.loads((tmp_path / 'geometry/epoch_002.json').read_text())
    assert record['layer'] == 'head.all_features'
    assert record['feature_dim'] == 36 and record['num_points'] == 32


def test_routing_trains_gates_alone_and_reports_the_experts(tmp_path):
    loader = dict(
        batch_size=16,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='NoiseImages', counts=CLASSES))
    model = experts()
    model['head'].update(
        type='mmcurv.ExpertAssignmentHead',
        top_logits=3,
        loss=dict(type='mmcurv.ExpertAssignmentLoss'))
    freeze = dict(type='mmcurv.FreezeHook', modules=['backbone', 'head.fcs'])
    runner = build(
        tmp_path,
        model=model,
        dataset=dict(counts=CLASSES),
        default_hooks=dict(checkpoint=None, freeze=freeze),
        custom_hooks=[],
        val_dataloader=loader,
        val_cfg=dict(),
        val_evaluator=[dict(type='mmcurv.ExpertsUsed')])
    runner.model.init_weights()
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.model.init_weights = lambda: None
    runner.train()
    for name, value in runner.model.state_dict().items():
        trained = name.startswith(('head.gates', 'head.go_on'))
        assert torch.equal(value, before[name]) != trained, name
    used = runner.message_hub.get_scalar('val/experts/mean_used').current()
    assert 1 <= used <= 3


def work(rank, folder):
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    runner = build_experts(
        folder / f'run{rank}',
        launcher='pytorch',
        cfg=dict(model_wrapper_cfg=wrapper))
    runner._train_dataloader['batch_size'] = 8
    runner.train()
    steps = hook_of(runner).steps
    return dict(
        wrapper=type(runner.model).__name__,
        weights=[p.detach() for p in runner.model.module.parameters()],
        pools=[step.curvature.pool.features for step in steps.values()],
        terms=scalars(runner, 'loss_curvature'))


def test_two_processes_hold_the_same_experts_and_share_their_pools(tmp_path):
    first, second = in_two_processes(work, tmp_path)
    assert first['wrapper'] == 'MMDistributedDataParallel'
    assert all(map(torch.equal, first['weights'], second['weights']))
    assert first['terms'] == second['terms'] and min(first['terms']) > 0
    for pools in zip(first['pools'], second['pools']):
        assert all(pool.abs().sum(1).all() for pool in pools)
        assert sum(map(len, pools)) == sum(CLASSES) > max(map(len, pools))
