# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.runner import save_checkpoint

from tests.engine import toy_run


def load(tmp_path, reset=(), **changes):
    """Weights of a model that has just started, and those it loaded."""
    theirs = {
        'head.fc.weight': torch.full((3, 4), 7.),
        'head.fc.bias': torch.full((3, ), 7.),
        **changes
    }
    path = str(tmp_path / 'earlier.pth')
    save_checkpoint(dict(state_dict=theirs, meta={}), path)
    hook = dict(type='mmcurv.StageWeightsHook', reset=list(reset))
    runner = toy_run.build(
        tmp_path,
        toy_run.train_parts(),
        hooks=dict(stage_weights=hook),
        load_from=path)
    runner.load_or_resume()
    return runner.model.state_dict()


def test_weights_are_loaded(tmp_path):
    assert all((value == 7).all() for value in load(tmp_path).values())


def test_weights_that_the_model_lacks_are_left_behind(tmp_path):
    found = load(tmp_path, **{'backbone.weight': torch.ones(1)})
    assert set(found) == {'head.fc.weight', 'head.fc.bias'}
    assert all((value == 7).all() for value in found.values())


def test_reset_weights_are_not_loaded(tmp_path):
    with pytest.raises(ValueError, match='not one weight'):
        load(tmp_path, reset=['head.fc'])


def test_weight_of_another_shape_is_refused_with_the_name_of_the_file(
        tmp_path):
    with pytest.raises(ValueError, match=r'earlier\.pth: .*another shape'):
        load(tmp_path, **{'head.fc.bias': torch.ones(99)})
