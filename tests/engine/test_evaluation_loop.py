# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import torch

from tests.engine import toy_run


def test_model_is_evaluated_and_saved_and_not_trained(tmp_path):
    parts = toy_run.train_parts()
    parts['train_cfg'] = dict(type='mmcurv.EvaluationLoop')
    runner = toy_run.build(tmp_path, parts, toy_run.val_parts())
    before = [p.clone() for p in runner.model.parameters()]
    runner.train()
    assert all(map(torch.equal, before, runner.model.parameters()))
    assert (runner.epoch, runner.iter) == (1, 0)
    assert (tmp_path / 'epoch_1.pth').is_file()
    assert (tmp_path / 'class_accuracy/epoch_001.json').is_file()
