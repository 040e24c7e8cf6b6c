# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from mmcurv.weights import load_exactly, weights_of


class Net(nn.Module):

    def __init__(self, features=3, depth=6):
        super().__init__()
        self.body = nn.Sequential(*[nn.Linear(2, 2) for _ in range(depth)])
        self.norm = nn.BatchNorm1d(2)
        self.fc = nn.Linear(2, features)


def test_weights_of_a_wrapped_model_lose_its_prefix():
    state = {'module.a': torch.ones(1), 'b': torch.ones(1), 'epoch': 3}
    assert list(weights_of(dict(state_dict=state))) == ['a', 'b']
    assert list(weights_of(state)) == ['a', 'b']


def test_weights_that_fit_are_loaded():
    source, model = Net(), Net()
    load_exactly(model, source.state_dict())
    assert torch.equal(model.fc.weight, source.fc.weight)


def test_counter_of_batches_may_be_missing():
    state = Net().state_dict()
    del state['norm.num_batches_tracked']
    load_exactly(Net(), state)


def test_misfit_lists_shapes_missing_and_unexpected_names_shortened():
    state = Net(features=4).state_dict()
    for i in range(5):
        state[f'extra.{i}'] = state.pop(f'body.{i}.bias')
    with pytest.raises(ValueError) as error:
        load_exactly(Net(), state)
    assert str(error.value) == (
        '2 of another shape (fc.weight (4, 2) there and (3, 2) here, fc.bias '
        '(4,) there and (3,) here); 5 missing from the checkpoint '
        '(body.0.bias, body.1.bias, body.2.bias and 2 more); 5 unknown to the '
        'model (extra.0, extra.1, extra.2 and 2 more)')


def test_weights_of_a_deeper_model_are_refused():
    with pytest.raises(ValueError, match='2 unknown to the model .body.6'):
        load_exactly(Net(), Net(depth=7).state_dict())


@pytest.mark.parametrize('damaged', [
    torch.empty(3, 2, device='meta'),
    torch.eye(3)[:, :2].to_sparse(),
])
def test_weight_that_cannot_be_copied_is_an_error_that_names_it(damaged):
    """It was passed over, and the model kept its random weights."""
    state = {**Net().state_dict(), 'fc.weight': damaged}
    with pytest.raises(ValueError, match='can be copied.*"fc.weight"'):
        load_exactly(Net(), state)
