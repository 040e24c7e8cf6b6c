# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import save_checkpoint

from mmcurv.engine.stages.weights import take_weights
from tests.engine import toy_run
from tests.engine.stages.toy_stages import NormedCorners  # noqa: F401


def state(**shapes):
    return {
        name.replace('_', '.'): torch.zeros(shape)
        for name, shape in shapes.items()
    }


OURS = state(body_weight=(4, 3), head_weight=(2, 4), head_scale=(2, ))


def test_what_is_loaded_reset_new_and_left_is_told_apart():
    theirs = state(body_weight=(4, 3), head_weight=(2, 4), head_bias=(2, ))
    taken, words = take_weights(theirs, OURS, reset=['head'])
    assert taken.keys() == {'body.weight'}
    assert taken['body.weight'] is theirs['body.weight']
    for part in ('1 weights loaded', 'as reset says: head.weight',
                 'lacks them: head.scale', 'left behind: head.bias'):
        assert part in words


def test_weight_of_another_shape_is_refused_unless_it_is_reset():
    theirs = state(body_weight=(4, 3), head_weight=(5, 4))
    with pytest.raises(
            ValueError,
            match=r'head\.weight \(5, 4\) there and \(2, 4\) here'):
        take_weights(theirs, OURS)
    taken, _ = take_weights(theirs, OURS, ['head'])
    assert taken.keys() == {'body.weight'}


def test_checkpoint_of_another_model_is_refused():
    with pytest.raises(ValueError, match='not one weight'):
        take_weights(state(other_weight=(1, )), OURS)


def test_random_weights_are_not_frozen():
    theirs = state(head_weight=(2, 4))
    with pytest.raises(ValueError, match='not loaded: body.weight'):
        take_weights(theirs, OURS, frozen=['body'])
    with pytest.raises(ValueError, match='not loaded: head.scale'):
        theirs = state(body_weight=(4, 3), head_weight=(2, 4))
        take_weights(theirs, OURS, frozen=['head'])


def test_name_that_only_begins_like_a_module_is_not_in_it():
    ours = {**OURS, 'header.weight': torch.zeros(1)}
    taken, _ = take_weights(dict(ours), ours, reset=['head'])
    assert taken.keys() == {'body.weight', 'header.weight'}


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
        load_from=path,
        cfg=dict(load_from=path))
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
    with pytest.raises(ValueError, match="Did you mean 'backbone'"):
        freeze(tmp_path, modules=['backbones'])


def test_unknown_norm_is_refused(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'eval'"):
        freeze(tmp_path, modules=['backbone'], norm='evil')
