# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import pickle
import re
from contextlib import contextmanager

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import HOOKS, MODELS, OPTIM_WRAPPERS
from torch import nn

from mmcurv.engine.hooks import FeaturePoolHook, RandomStateHook
from mmcurv.engine.hooks.feature_pool_hook import sum_of_losses
from .toy_run import COUNTS, CornerClassifier, build, train_parts, val_parts

POOLED = dict(
    type='mmcurv.FeaturePoolHook',
    layer='head.fc',
    start_epoch=2,
    curvature=dict(k=8))


def hook_of(runner):
    return next(h for h in runner.hooks if isinstance(h, FeaturePoolHook))


def weights(runner):
    return {k: v.clone() for k, v in runner.model.state_dict().items()}


def pool_of(runner):
    return hook_of(runner).step.curvature


@HOOKS.register_module()
class LossWatch(Hook):
    """Keeps every loss dict's total, and what was logged beside it."""
    priority = 'LOWEST'

    def __init__(self):
        self.seen = []

    def before_train(self, runner):
        runner.model.register_forward_hook(self.keep, with_kwargs=True)

    def keep(self, module, args, kwargs, out):
        if kwargs.get('mode') == 'loss':
            self.seen.append({k: v.item() for k, v in out.items()})

    def after_train_iter(self, runner, *args, **kwargs):
        scalars = runner.message_hub.log_scalars
        self.seen[-1]['objective'] = scalars['train/objective'].current()
        self.seen[-1]['epoch'] = runner.epoch + 1
        self.scalars = set(scalars)


def watched(tmp_path, *parts, pool=POOLED, hooks=(), **config):
    runner = build(
        tmp_path,
        train_parts(max_epochs=3),
        *parts,
        custom_hooks=[pool, dict(type='LossWatch'), *hooks],
        **config)
    runner.train()
    watch = next(h for h in runner.hooks if isinstance(h, LossWatch))
    return runner, watch


@pytest.fixture(scope='module')
def plain_run(tmp_path_factory):
    return watched(tmp_path_factory.mktemp('run'))


def test_term_is_added_from_the_start_epoch_on_and_not_before(plain_run):
    for losses in plain_run[1].seen:
        assert ('loss_curvature' in losses) == (losses['epoch'] >= 2)


def test_logged_objective_is_the_sum_that_is_optimised(plain_run):
    for losses in plain_run[1].seen:
        total = losses['loss'] + losses.get('loss_curvature', 0)
        assert losses['objective'] == pytest.approx(total, rel=1e-5)


def test_term_has_the_value_of_log_tau_of_the_epoch_times_the_loss(plain_run):
    for losses in plain_run[1].seen:
        if losses['epoch'] == 3:
            assert losses['loss_curvature'] == pytest.approx(
                losses['loss'] * 0.23856062735983122, rel=1e-4)  # log_100(3)


def test_spread_of_class_curvature_and_classes_left_out_are_logged(plain_run):
    assert {
        'train/curvature_mean', 'train/curvature_variance',
        'train/curvature_left_out'
    } <= plain_run[1].scalars


def test_diagnostics_have_no_loss_in_their_name(plain_run):
    names = {n for n in plain_run[1].scalars if 'curv' in n or 'obj' in n}
    summed = {n for n in names if 'loss' in n}
    assert summed == {'train/loss_curvature'}


def test_pool_is_full_after_an_epoch_and_addressed_by_image(plain_run):
    pool = pool_of(plain_run[0]).pool
    assert pool.addressing == 'index'
    assert pool.fill().tolist() == list(COUNTS)


def test_state_dict_of_the_model_is_not_polluted(plain_run):
    keys = plain_run[0].model.state_dict().keys()
    assert set(keys) == set(CornerClassifier().state_dict())


def test_hooks_are_gone_from_the_model_after_training(plain_run):
    model = plain_run[0].model
    assert not model.head.fc._forward_pre_hooks
    assert not model._forward_pre_hooks


def test_random_state_hook_is_registered_by_itself(plain_run):
    kinds = [type(h) for h in plain_run[0].hooks]
    assert kinds.count(RandomStateHook) == 1


def test_gradient_equals_that_of_the_term_added_by_hand(tmp_path):
    runner = run_layer(tmp_path, times=1)
    hook, model = hook_of(runner), runner.model
    batch = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    by_hand = copy.deepcopy(hook.step.curvature)
    cr = copy.deepcopy(hook.step.loss)

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
    features = model.body(torch.stack(list(batch['inputs'])))
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


def test_run_is_the_same_as_without_cr_until_it_starts(tmp_path):
    late = dict(POOLED, start_epoch=4)
    with_pool, _ = watched(tmp_path / 'a', pool=late)
    without = build(tmp_path / 'b', train_parts(max_epochs=3))
    without.train()
    for name, value in weights(without).items():
        assert torch.equal(weights(with_pool)[name], value)


@pytest.mark.parametrize('first', [True, False])
def test_ema_in_either_order_pools_each_image_once(tmp_path, first):
    ema = dict(type='EMAHook')
    hooks = [ema, POOLED] if first else [POOLED, ema]
    runner = build(
        tmp_path, train_parts(max_epochs=3), val_parts(), custom_hooks=hooks)
    runner.train()
    pool = pool_of(runner).pool
    assert pool.arrived.tolist() == list(COUNTS)
    averaged = next(h for h in runner.hooks if hasattr(h, 'ema_model'))
    tapped = [m for m in averaged.ema_model.modules() if m._forward_pre_hooks]
    assert not tapped


def test_validation_leaves_the_pool_as_it_is(tmp_path):
    runner = build(
        tmp_path,
        train_parts(max_epochs=2),
        val_parts(),
        custom_hooks=[POOLED])
    runner.train()
    before = pool_of(runner).pool.features.clone()
    hook_of(runner).tap.attach(runner.model)
    runner.val_loop.run()
    hook_of(runner).tap.detach()
    assert torch.equal(pool_of(runner).pool.features, before)


def test_gradient_accumulation_trains_and_pools_every_image(tmp_path):
    parts = train_parts(max_epochs=3)
    parts['optim_wrapper']['accumulative_counts'] = 3
    runner, watch = watched(tmp_path, parts)
    assert pool_of(runner).pool.fill().tolist() == list(COUNTS)
    assert 'loss_curvature' in watch.seen[-1]


@OPTIM_WRAPPERS.register_module()
class Bf16OnCpu(OptimWrapper):

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast(
                'cpu', torch.bfloat16):
            yield


def test_curvature_is_float32_under_bf16_autocast(tmp_path):
    parts = train_parts(max_epochs=3)
    parts['optim_wrapper']['type'] = 'Bf16OnCpu'
    runner, watch = watched(tmp_path, parts)
    curvature = pool_of(runner)
    assert curvature.log_curvature.dtype == torch.float32
    assert curvature.pool.features.dtype == torch.float32
    assert torch.isfinite(torch.tensor(watch.seen[-1]['loss_curvature']))


def test_compiled_model_has_the_same_losses(tmp_path):
    _, eager = watched(tmp_path / 'a')
    _, compiled = watched(
        tmp_path / 'b', cfg=dict(compile=dict(backend='eager')))
    for one, other in zip(eager.seen, compiled.seen):
        assert one['objective'] == pytest.approx(other['objective'], rel=1e-5)


@pytest.mark.parametrize('wrong, said', [
    ('head.fcc', r"'head\.fcc' is no layer.*Did you mean 'head\.fc'\?"),
    ('nowhere', r"'nowhere' is no layer.*'head\.fc'"),
])
def test_misspelt_layer_is_refused_with_the_candidates(tmp_path, wrong, said):
    with pytest.raises(ValueError, match=re.compile(said, re.DOTALL)):
        watched(tmp_path, pool=dict(POOLED, layer=wrong))


def test_fewer_classes_than_the_head_stop_before_the_first_step(tmp_path):
    with pytest.raises(ValueError, match='fewer classes than the head'):
        watched(tmp_path, pool=dict(POOLED, pool=dict(class_counts=[120, 45])))


def test_unlabelled_set_stops_before_the_first_step():
    from mmcurv.engine.pool_size import pool_counts
    with pytest.raises(RuntimeError, match='one label per image'):
        pool_counts([torch.zeros(3)] * 4, nn.Linear(2, 3), {})


@MODELS.register_module()
class RunsLayer(BaseModel):
    """A classifier whose layer runs a given number of times."""

    def __init__(self, times, frozen=False, no_grad=False):
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.fc = nn.Linear(4, 3)
        self.body.requires_grad_(not frozen)
        self.times, self.no_grad = times, no_grad

    def forward(self, inputs, data_samples=None, mode='tensor'):
        features = self.body(torch.stack(list(inputs)))
        scores = self.fc.bias + features[:, :3]
        for _ in range(self.times):
            with torch.set_grad_enabled(not self.no_grad):
                scores = scores + self.fc(features)
        labels = torch.cat([s.gt_label for s in data_samples])
        return dict(loss=nn.functional.cross_entropy(scores, labels))


def run_layer(tmp_path, **model):
    config = dict(type='RunsLayer', **model)
    runner = build(
        tmp_path,
        train_parts(max_epochs=3),
        custom_hooks=[dict(POOLED, layer='fc')])
    runner.model = MODELS.build(config)
    runner.train()
    return runner


@pytest.mark.parametrize('model, said', [
    (dict(times=2), 'ran 2 times'),
    (dict(times=0), 'ran 0 times'),
    (dict(times=1, no_grad=True), 're-entrant activation checkpoint'),
])
def test_layer_without_one_feature_is_an_error(tmp_path, model, said):
    with pytest.raises(RuntimeError, match=said):
        run_layer(tmp_path, **model)


def test_frozen_features_are_warned_of_once(tmp_path, caplog):
    import logging

    from mmengine.logging import MMLogger
    records = []

    class Keep(logging.Handler):

        def emit(self, record):
            records.append(record.getMessage())

    runner = build(
        tmp_path,
        train_parts(max_epochs=3),
        custom_hooks=[dict(POOLED, layer='fc')])
    runner.model = MODELS.build(dict(type='RunsLayer', times=1, frozen=True))
    MMLogger.get_current_instance().addHandler(Keep())
    runner.train()
    assert sum('carry no gradient' in text for text in records) == 1


def test_copies_of_a_tapped_model_carry_an_inert_tap(tmp_path):
    runner, _ = watched(tmp_path)
    hook, model = hook_of(runner), runner.model
    hook.tap.attach(model)
    batch = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    arrived = hook.step.curvature.pool.features.clone()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        losses = twin(**batch, mode='loss')
        assert 'loss_curvature' not in losses
    assert torch.equal(hook.step.curvature.pool.features, arrived)
    hook.tap.detach()


def test_hooks_left_by_an_exception_are_replaced(tmp_path):
    runner, _ = watched(tmp_path)
    hook, model = hook_of(runner), runner.model
    hook.tap.attach(model)  # training dies here, after_train does not run
    hook.tap.attach(model)
    assert len(model.head.fc._forward_pre_hooks) == 1
    hook.tap.detach()


def test_iteration_loop_counts_epochs_by_the_length_of_the_loader(tmp_path):
    per_epoch = -(-sum(COUNTS) // 16)
    parts = train_parts(by_epoch=False, max_iters=per_epoch + 2)
    parts['train_dataloader']['sampler']['type'] = 'InfiniteSampler'
    runner = build(
        tmp_path, parts, custom_hooks=[POOLED, dict(type='LossWatch')])
    runner.train()
    watch = next(h for h in runner.hooks if isinstance(h, LossWatch))
    added = ['loss_curvature' in losses for losses in watch.seen]
    assert added == [False] * per_epoch + [True] * 2


def saved_run(tmp_path):
    runner, _ = watched(tmp_path / 'first')
    return runner, str(tmp_path / 'first' / 'epoch_3.pth')


def go_on(tmp_path, checkpoint, pool=POOLED, **how):
    runner = build(
        tmp_path / 'second',
        train_parts(max_epochs=4),
        custom_hooks=[pool] if pool else [],
        load_from=checkpoint,
        **how)
    return runner


def test_load_from_starts_with_an_empty_pool(tmp_path):
    _, checkpoint = saved_run(tmp_path)
    runner = go_on(tmp_path, checkpoint)
    runner.train()
    assert pool_of(runner).pool.arrived.tolist() == list(COUNTS)


def test_resume_continues_with_the_pool(tmp_path):
    first, checkpoint = saved_run(tmp_path)
    runner = go_on(tmp_path, checkpoint, resume=True)
    stop = hook_of(runner)
    stop.after_train_iter = lambda *a, **k: (_ for _ in ()).throw(StopRun())
    with pytest.raises(StopRun):
        runner.train()
    ours, theirs = pool_of(runner).pool, pool_of(first).pool
    changed = (ours.features != theirs.features).any(1)
    assert changed.sum() <= 16 and torch.equal(ours.image, theirs.image)


class StopRun(Exception):
    """Ends a run after its first step."""


@pytest.mark.parametrize('pool', [
    dict(max_per_class=7),
    dict(addressing='fifo'),
])
def test_resume_with_another_pool_says_what_differs(tmp_path, pool):
    _, checkpoint = saved_run(tmp_path)
    runner = go_on(
        tmp_path, checkpoint, pool=dict(POOLED, pool=pool), resume=True)
    with pytest.raises(RuntimeError, match='does not fit this run') as error:
        runner.train()
    assert 'addressing=' in str(error.value)


def test_resume_without_a_pool_in_the_checkpoint_warns(tmp_path, capsys):
    first = build(tmp_path / 'first', train_parts(max_epochs=3))
    first.train()
    runner = go_on(
        tmp_path, str(tmp_path / 'first' / 'epoch_3.pth'), resume=True)
    runner.train()
    assert 'has no feature pool' in capsys.readouterr().out


@pytest.mark.parametrize('options, said', [
    (dict(start_epoch=0), 'counted from 1'),
    (dict(mixed='maybe'), "one of .*'skip', 'dominant'"),
    (dict(refresh='never'), 'refresh must be one of'),
    (dict(live='always'), 'live must be one of'),
    (dict(curvature=dict(k=2)), 'k=2'),
])
def test_wrong_option_fails_when_the_hook_is_built(options, said):
    with pytest.raises(ValueError, match=said):
        FeaturePoolHook(**options)
