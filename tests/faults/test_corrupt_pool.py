# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Resumes from a checkpoint whose feature pool was changed."""
import math

import pytest
import torch

from tests.engine.curvature.test_step import put, replace
from tests.engine.curvature_run import build, pool_hook

KEY = 'mmcurv_feature_pool'
CORRUPTIONS = dict(
    wrong_shape=replace('pool.features', lambda rows: rows[:-1]),
    nan_features=put('pool.features', 5, math.nan),
    negative_arrivals=put('pool.arrived', 0, -1),
    arrivals_that_do_not_match=put('pool.arrived', 0, 3),
    slot_out_of_range=put('pool.slot', 2, 10**6),
    missing_key=lambda state: state['curvature'].pop('pool.image'),
    wrong_type=replace('pool.capacity', torch.Tensor.float))


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """The checkpoint of an epoch."""
    folder = tmp_path_factory.mktemp('saved')
    build(folder, pool_hook(), max_epochs=1).train()
    return folder / 'epoch_1.pth'


@pytest.mark.parametrize('name', CORRUPTIONS)
def test_corrupt_pool_ends_a_resume_before_the_first_step(
        tmp_path, saved, name):
    checkpoint = torch.load(saved, weights_only=True)
    CORRUPTIONS[name](checkpoint[KEY]['layers']['head.fc'])
    path = tmp_path / 'epoch_1.pth'
    torch.save(checkpoint, path)
    data = path.read_bytes()
    runner = build(tmp_path, pool_hook(), resume=True, load_from=str(path))
    runner.call_hook = refuse_steps(runner.call_hook)
    with pytest.raises(ValueError, match='damaged.*Resume from an earlier'):
        runner.train()
    assert path.read_bytes() == data
    # The other advice: the weights, and an empty pool.
    build(tmp_path, pool_hook(), max_epochs=1, load_from=str(path)).train()


def refuse_steps(call_hook):

    def call(name, **kwargs):
        assert name != 'before_train_iter'
        call_hook(name, **kwargs)

    return call
