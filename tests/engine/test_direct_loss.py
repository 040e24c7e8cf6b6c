# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A ``train_step`` that calls ``model.loss`` goes past every hook of torch."""
import pytest
from mmengine.registry import MODELS
from mmpretrain.models import ImageClassifier

from tests.engine.curvature_run import pool_hook
from tests.engine.image_run import build, image_classifier


@MODELS.register_module()
class CallsLoss(ImageClassifier):
    """As wrappers for semi-supervised training do."""

    def train_step(self, data, optim_wrapper):
        data = self.data_preprocessor(data, True)
        losses = self.loss(data['inputs'], data['data_samples'])
        total, logged = self.parse_losses(losses)
        optim_wrapper.update_params(total)
        return logged


@pytest.mark.parametrize('start_epoch', [1, 2])
def test_step_that_goes_past_the_hook_is_an_error_at_once(
        tmp_path, start_epoch):
    runner = build(
        tmp_path,
        model=dict(image_classifier(), type='CallsLoss'),
        custom_hooks=[pool_hook(start_epoch=start_epoch)])
    with pytest.raises(RuntimeError, match='saw no losses.*self\\(.*mode='):
        runner.train()
    assert runner.iter == 0
