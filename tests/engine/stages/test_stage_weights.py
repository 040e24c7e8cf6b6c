# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.engine.stages.stage_weights import take_weights


def state(**shapes):
    return {
        name.replace('_', '.'): torch.zeros(shape)
        for name, shape in shapes.items()
    }


OURS = state(body_weight=(4, 3), head_weight=(2, 4), head_scale=(2, ))


def test_what_is_loaded_reset_new_and_left_is_told_apart():
    theirs = state(body_weight=(4, 3), head_weight=(2, 4), head_bias=(2, ))
    taken = take_weights(theirs, OURS, reset=['head'])
    assert taken.state.keys() == {'body.weight'}
    assert taken.state['body.weight'] is theirs['body.weight']
    assert (taken.reset, taken.new,
            taken.left) == (['head.weight'], ['head.scale'], ['head.bias'])
    words = taken.describe()
    for part in ('1 weights loaded', 'as reset says: head.weight',
                 'lacks them: head.scale', 'left behind: head.bias'):
        assert part in words


def test_weight_of_another_shape_is_refused_unless_it_is_reset():
    theirs = state(body_weight=(4, 3), head_weight=(5, 4))
    with pytest.raises(
            ValueError,
            match=r'head\.weight \(5, 4\) there and \(2, 4\) here'):
        take_weights(theirs, OURS)
    assert take_weights(theirs, OURS, ['head']).reset == ['head.weight']


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
    taken = take_weights(dict(ours), ours, reset=['head'])
    assert taken.state.keys() == {'body.weight', 'header.weight'}
