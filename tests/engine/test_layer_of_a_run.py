# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Layers that give no feature, or none that trains, and copied models."""
import copy
import pickle

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from tests.engine.curvature_run import (LAYER, CurvedClassifier, build,
                                        hook_of, pool_hook, pool_of)
from tests.engine.runner_log import log_of


@MODELS.register_module()
class RunsLayer(CurvedClassifier):
    """Its last layer runs a given number of times."""

    def __init__(self, times=1, frozen=False, no_grad=False):
        super().__init__()
        self.backbone.requires_grad_(not frozen)
        self.times, self.no_grad = times, no_grad

    def forward(self, inputs, data_samples=None, mode='tensor'):
        features = self.backbone(torch.stack(list(inputs)))
        scores = self.head.fc.bias + features[:, :3]
        for _ in range(self.times):
            with torch.set_grad_enabled(not self.no_grad):
                scores = scores + self.head.fc(features)
        labels = torch.cat([s.gt_label for s in data_samples])
        return dict(loss=nn.functional.cross_entropy(scores, labels))


def runner_of(tmp_path, **model):
    return build(tmp_path, pool_hook(), model=dict(type='RunsLayer', **model))


@pytest.mark.parametrize('model, said', [
    (dict(times=2), 'ran 2 times'),
    (dict(times=0), 'ran 0 times'),
    (dict(no_grad=True), 're-entrant activation checkpoint'),
])
def test_layer_without_one_feature_is_an_error(tmp_path, model, said):
    with pytest.raises(RuntimeError, match=said):
        runner_of(tmp_path, **model).train()


def test_frozen_features_are_warned_of_once(tmp_path):
    runner = runner_of(tmp_path, frozen=True)
    said = log_of(runner)
    runner.train()
    assert sum('carry no gradient' in text for text in said) == 1


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    runner = build(tmp_path_factory.mktemp('run'), pool_hook())
    runner.train()
    return runner


def test_copies_of_a_tapped_model_carry_an_inert_tap(trained):
    hook, model = hook_of(trained), trained.model
    hook.tap.attach(model)
    batch = model.data_preprocessor(next(iter(trained.train_dataloader)), True)
    arrived = pool_of(trained).features.clone()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        losses = twin(**batch, mode='loss')
        assert 'loss_curvature' not in losses
    assert torch.equal(pool_of(trained).features, arrived)
    hook.tap.detach()


def test_taps_left_by_an_exception_are_replaced(trained):
    hook, model = hook_of(trained), trained.model
    hook.tap.attach(model)  # training dies here, after_train does not run
    hook.tap.attach(model)
    assert len(model.get_submodule(LAYER)._forward_pre_hooks) == 1
    hook.tap.detach()
