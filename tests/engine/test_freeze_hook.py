# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from tests.engine import toy_run
from tests.engine.stages.toy_stages import NormedCorners  # noqa: F401


@HOOKS.register_module()
class ModesHook(Hook):
    """Keep which parts are in training mode in each step."""

    def __init__(self):
        self.modes = set()

    def after_train_iter(self, runner, *args, **kwargs):
        model = runner.model
        self.modes.add((model.backbone[1].training, model.backbone[3].training,
                        model.head.training))


def freeze(tmp_path, optimizer=None, **options):
    parts = toy_run.train_parts()
    parts['optim_wrapper'] = dict(
        optimizer=optimizer
        or dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.1))
    modes = ModesHook()
    runner = toy_run.build(
        tmp_path,
        parts,
        toy_run.val_parts(),
        hooks=dict(freeze=dict(type='mmcurv.FreezeHook', **options)),
        custom_hooks=[modes])
    runner.model = runner.wrap_model(None, NormedCorners())
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()
    after = runner.model.state_dict()
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    return runner, moved, modes.modes


HEAD = {'head.fc.weight', 'head.fc.bias'}
STATISTICS = {
    f'backbone.1.{name}'
    for name in ('running_mean', 'running_var', 'num_batches_tracked')
}


@pytest.mark.parametrize('optimizer', [None, dict(type='AdamW', lr=0.1)])
def test_frozen_parts_do_not_move_by_a_bit(optimizer, tmp_path):
    runner, moved, modes = freeze(tmp_path, optimizer, modules=['backbone'])
    assert moved == HEAD
    assert modes == {(False, False, True)}  # also after a validation
    assert not any(p.requires_grad for p in runner.model.backbone.parameters())
    held = [
        p for group in runner.optim_wrapper.param_groups
        for p in group['params']
    ]
    assert len(held) == 2


def test_statistics_move_in_training_mode(tmp_path):
    _, moved, modes = freeze(tmp_path, modules=['backbone'], norm='train')
    assert moved == HEAD | STATISTICS
    assert modes == {(True, True, True)}


def test_several_modules_are_frozen(tmp_path):
    _, moved, _ = freeze(tmp_path, modules=['backbone.0', 'head.fc'])
    assert moved == STATISTICS | {'backbone.1.weight', 'backbone.1.bias'}


def test_nothing_left_to_train_is_refused(tmp_path):
    with pytest.raises(ValueError, match='nothing would train'):
        freeze(tmp_path, modules=['backbone', 'head'])


def test_unknown_module_is_refused(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'backbone'"):
        freeze(tmp_path, modules=['backbones'])


def test_unknown_norm_is_refused(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'eval'"):
        freeze(tmp_path, modules=['backbone'], norm='evil')
