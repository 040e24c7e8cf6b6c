# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs whose ``train_step`` goes through torch.compile.

Four steps are enough to trace it with and without the term. The back ends
trace the step, and 'aot_eager' its backward pass; the default one would add
a C++ compiler to what the tests need, and a minute.
"""
import pytest
import torch
from torch._dynamo.utils import counters

from mmcurv.engine.curvature.step import CurvatureStep
from tests.engine.curvature_run import build, points, pool_hook, scalars

NUMBERS = ('objective', 'loss_curvature')


def trained(work_dir, **cfg):
    runner = build(
        work_dir,
        pool_hook(),
        dataset=points(counts=(14, 10, 8)),
        max_epochs=2,
        default_hooks=dict(checkpoint=None),
        cfg=cfg)
    runner.train()
    return [scalars(runner, name) for name in NUMBERS]


@pytest.fixture(
    scope='module',
    params=['eager',
            pytest.param('aot_eager', marks=pytest.mark.slow)])
def runs(request, tmp_path_factory):
    """Numbers of a run, those of a compiled one, and in which of its steps
    the curvature was compiled."""
    compiled_here, step = [], CurvatureStep.__call__

    def watched(self, *args):
        compiled_here.append(torch.compiler.is_compiling())
        return step(self, *args)

    torch.compiler.reset()
    counters.clear()
    plain = trained(tmp_path_factory.mktemp('plain'))
    assert not counters['stats']
    # New data samples fail the guards of each step up to this limit.
    with pytest.MonkeyPatch.context() as patch, \
            torch._dynamo.config.patch(recompile_limit=2):
        patch.setattr(CurvatureStep, '__call__', watched)
        compiled = trained(
            tmp_path_factory.mktemp('compiled'),
            compile=dict(backend=request.param))
    assert counters['stats']['unique_graphs'] > 0
    torch.compiler.reset()
    return plain, compiled, compiled_here


def test_compiled_model_has_the_same_losses(runs):
    for plain, compiled in zip(*runs[:2]):
        assert plain == pytest.approx(compiled, rel=1e-5)


def test_curvature_stays_out_of_the_compiled_graphs(runs):
    """It depends on the classes of the batch: a new trace at each step."""
    assert runs[2] == [False] * 4
