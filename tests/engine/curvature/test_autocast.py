# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS

from tests.engine.curvature_run import (build, hook_of, pool_hook, scalars,
                                        step_of)


@OPTIM_WRAPPERS.register_module()
class Bf16OnCpu(OptimWrapper):
    """mmengine's own wants an accelerator."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast(
                'cpu', torch.bfloat16):
            yield


def test_curvature_is_float32_under_bf16_autocast(tmp_path):
    runner = build(
        tmp_path,
        pool_hook(),
        optim_wrapper=dict(
            type='Bf16OnCpu', optimizer=dict(type='SGD', lr=0.1)))
    seen = []
    hook_of(runner).tap.callback = watching(hook_of(runner).tap.callback, seen)
    runner.train()
    curvature = step_of(runner).curvature
    assert set(seen) == {torch.bfloat16}
    assert curvature.log_curvature.dtype == torch.float32
    assert curvature.pool.features.dtype == torch.float32
    terms = torch.tensor(scalars(runner, 'loss_curvature'))
    assert terms.isfinite().all() and (terms > 0).all()


def watching(callback, seen):

    def call(features, *args):
        seen.extend(own.dtype for own in features)
        return callback(features, *args)

    return call
