# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from tests.engine.curvature_run import build, pool_hook, scalars


def trained(work_dir, lr, **config):
    runner = build(
        work_dir,
        pool_hook(),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=lr)),
        **config)
    runner.train()
    return runner


def test_learning_rate_scaled_by_the_batch_trains_as_the_same_rate_given(
        tmp_path):
    scale = dict(enable=True, base_batch_size=8)  # of 16 in a batch
    scaled = trained(tmp_path / 'a', lr=0.05, auto_scale_lr=scale)
    given = trained(tmp_path / 'b', lr=0.1)
    assert scaled.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.1)]
    for name in ('objective', 'loss_curvature'):
        assert scalars(scaled, name) == scalars(given, name)
    for name, value in given.model.state_dict().items():
        assert torch.equal(scaled.model.state_dict()[name], value)
