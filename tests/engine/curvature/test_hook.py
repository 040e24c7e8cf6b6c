# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What FeaturePoolHook adds to a run, and that it adds nothing else."""
import copy
import subprocess
import sys

import pytest
import torch

from mmcurv.engine.curvature.hook import sum_of_losses
from tests.engine.curvature_run import (LAYER, CurvedClassifier, build,
                                        hook_of, pool_hook, pool_of, step_of)
from tests.engine.runner_log import log_of
from tests.engine.step_watch import watch_of
from tests.engine.toy_run import COUNTS

STEPS = -(-sum(COUNTS) // 16)
WATCH = dict(type='StepWatch')


@pytest.fixture(scope='module')
def plain_run(tmp_path_factory):
    runner = build(tmp_path_factory.mktemp('run'), pool_hook(), WATCH)
    runner.train()
    return runner


@pytest.fixture(scope='module')
def steps(plain_run):
    watch = watch_of(plain_run)
    return list(zip(watch.epochs, watch.losses, watch.objective))


def test_term_is_added_from_the_start_epoch_on_and_not_before(steps):
    assert len(steps) == 3 * STEPS
    for epoch, losses, _ in steps:
        assert ('loss_curvature' in losses) == (epoch >= 2)


def test_logged_objective_is_the_sum_that_is_optimised(steps):
    for _, losses, objective in steps:
        assert objective == pytest.approx(sum(losses.values()), rel=1e-5)


def test_term_has_the_value_of_log_tau_of_the_epoch_times_the_loss(steps):
    for epoch, losses, _ in steps:
        if epoch == 3:
            assert losses['loss_curvature'] == pytest.approx(
                losses['loss'] * 0.03976010455997187, rel=1e-4)  # tau = 1e12


def test_spread_of_class_curvature_and_classes_left_out_are_logged(plain_run):
    assert {
        'train/curvature_mean', 'train/curvature_variance',
        'train/log_curvature_mean', 'train/log_curvature_variance',
        'train/curvature_left_out'
    } <= set(plain_run.message_hub.log_scalars)


def test_diagnostics_have_no_loss_in_their_name(plain_run):
    scalars = plain_run.message_hub.log_scalars
    names = {n for n in scalars if 'curv' in n or 'obj' in n}
    summed = {n for n in names if 'loss' in n}
    assert summed == {'train/loss_curvature'}


def test_pool_is_full_after_an_epoch_and_addressed_by_image(plain_run):
    pool = pool_of(plain_run)
    assert pool.addressing == 'index'
    assert pool.fill().tolist() == list(COUNTS)


def test_state_dict_of_the_model_is_not_polluted(plain_run):
    keys = plain_run.model.state_dict().keys()
    assert set(keys) == set(CurvedClassifier().state_dict())


def test_taps_are_gone_from_the_model_after_training(tmp_path):
    runner = build(tmp_path, pool_hook())
    runner.train()
    assert not runner.model.get_submodule(LAYER)._forward_pre_hooks
    assert not runner.model._forward_pre_hooks
    assert not runner.model._forward_hooks


@pytest.mark.parametrize('live', ['pool', 'batch'])
def test_gradient_equals_that_of_the_term_added_by_hand(tmp_path, live):
    runner = build(tmp_path, pool_hook(live=live))
    runner.train()
    hook, model = hook_of(runner), runner.model
    batch = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    by_hand = copy.deepcopy(step_of(runner).curvature)
    cr = copy.deepcopy(step_of(runner).loss)

    def gradients(total):
        model.zero_grad()
        total.backward()
        return [p.grad.clone() for p in model.parameters()]

    hook.tap.attach(model)
    hook.epoch = 3
    total = sum_of_losses(model(**batch, mode='loss'))
    hook.tap.detach()

    original = model(**batch, mode='loss')['loss']
    samples = batch['data_samples']
    features = model.backbone(torch.stack(list(batch['inputs'])))
    labels = torch.cat([sample.gt_label for sample in samples])
    indices = torch.tensor([sample.sample_idx for sample in samples])
    term = cr(by_hand(features, labels, indices), original, 3)
    assert term > 0
    torch.testing.assert_close(total, original + term, rtol=0, atol=0)
    without = gradients(model(**batch, mode='loss')['loss'])
    ours, hand = gradients(total), gradients(original + term)
    for one, other in zip(ours, hand):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)
    assert any(not torch.equal(a, b) for a, b in zip(ours, without))


def test_options_of_the_curvature_change_a_run_from_its_config(tmp_path):
    weights = []
    for normalize in (False, True):
        hook = pool_hook(curvature=dict(k=6, normalize=normalize))
        runner = build(tmp_path / str(normalize), hook, max_epochs=2)
        weights.append(runner.train().state_dict().values())
        assert step_of(runner).curvature.normalize == normalize
        assert pool_of(runner).features.norm(dim=1).std() > 0
    assert not all(map(torch.equal, *weights))


def test_run_is_the_same_as_without_cr_until_it_starts(tmp_path):
    pooling = build(tmp_path / 'a', pool_hook(start_epoch=4))
    without = build(tmp_path / 'b')
    weights = [
        runner.train().state_dict().values() for runner in (pooling, without)
    ]
    assert all(map(torch.equal, *weights))
    assert pool_of(pooling).fill().tolist() == list(COUNTS)


def test_iteration_loop_counts_epochs_by_the_length_of_the_loader(tmp_path):
    loop = dict(by_epoch=False, max_iters=STEPS + 2)
    runner = build(tmp_path, pool_hook(), WATCH, train_cfg=loop)
    runner._train_dataloader['sampler']['type'] = 'InfiniteSampler'
    runner.train()
    added = ['loss_curvature' in losses for losses in watch_of(runner).losses]
    assert added == [False] * STEPS + [True] * 2


def test_size_in_the_checkpoint_is_told_once(tmp_path):
    runner = build(tmp_path, pool_hook(), max_epochs=2)
    runner.logger.setLevel('INFO')
    said = log_of(runner)
    runner.train()
    # By class: capacity, start, arrived; by slot: feature, image, curvature;
    # slot by image; a counter and a flag.
    size = 3 * 3 * 8 + 165 * (4 * 4 + 8 + 4) + 165 * 8 + 8 + 1
    told = [text for text in said if 'of each checkpoint' in text]
    assert told == [
        f'The feature pool takes {size / 1024:.3g} KiB of each checkpoint.'
    ]


def test_resume_of_the_run_is_left_as_it_was(tmp_path):
    """Also where the pool is in main memory, whatever the model's device."""
    runner = build(tmp_path, pool_hook(pool=dict(device='cpu')))
    before = runner.resume
    hook_of(runner).before_run(runner)
    assert runner.resume == before and 'resume' not in vars(runner)


def test_hook_is_imported_without_models_or_data_sets():
    program = ("import sys, mmcurv.engine.curvature.hook as hook\n"
               "hook.FeaturePoolHook()\n"
               "print(*sorted(sys.modules))")
    names = subprocess.run([sys.executable, '-c', program],
                           check=True,
                           capture_output=True,
                           text=True).stdout.split()
    assert 'mmcurv.engine.curvature.hook' in names
    assert not {
        'mmpretrain', 'mmcurv.datasets', 'mmcurv.models.heads', 'torch._dynamo'
    } & set(names)
    ours = [name for name in names if name.startswith('mmcurv.models.')]
    assert ours == ['mmcurv.models.curvature_losses']


def test_labels_are_checked_once_where_another_hook_does(tmp_path):
    counts = dict(type='mmcurv.ClassCountsHook')
    for hooks, expected in (([], True), ([counts], False)):
        runner = build(tmp_path, pool_hook(), *hooks, max_epochs=1)
        runner.train()
        assert hook_of(runner)._checks_labels is expected
