# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Each image is pooled once, whatever else runs the model."""
import pytest
import torch

from tests.engine.curvature_run import build, hook_of, pool_hook, pool_of
from tests.engine.step_watch import watch_of
from tests.engine.toy_run import COUNTS, val_parts


@pytest.mark.parametrize('first', [True, False])
def test_ema_in_either_order_pools_each_image_once(tmp_path, first):
    hooks = [dict(type='EMAHook'), pool_hook()]
    runner = build(tmp_path, *hooks[::1 if first else -1], **val_parts())
    runner.train()
    assert pool_of(runner).arrived.tolist() == list(COUNTS)
    averaged = next(h for h in runner.hooks if hasattr(h, 'ema_model'))
    tapped = [m for m in averaged.ema_model.modules() if m._forward_pre_hooks]
    assert not tapped


def test_validation_leaves_the_pool_as_it_is(tmp_path):
    runner = build(tmp_path, pool_hook(), **val_parts())
    runner.train()
    before = pool_of(runner).features.clone()
    hook_of(runner).tap.attach(runner.model)
    runner.val_loop.run()
    hook_of(runner).tap.detach()
    assert torch.equal(pool_of(runner).features, before)


def test_gradient_accumulation_trains_and_pools_every_image(tmp_path):
    wrapper = dict(optimizer=dict(type='SGD', lr=0.1), accumulative_counts=3)
    runner = build(
        tmp_path, pool_hook(), dict(type='StepWatch'), optim_wrapper=wrapper)
    runner.train()
    assert pool_of(runner).arrived.tolist() == list(COUNTS)
    watch = watch_of(runner)
    assert 'loss_curvature' in watch.losses[-1]
    assert watch.gradient[-1].any()
