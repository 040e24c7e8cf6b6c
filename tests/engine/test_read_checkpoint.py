# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import hashlib
from pathlib import Path

import pytest
import torch
from torch import nn

from mmcurv.engine.config_options import UsageError
from mmcurv.engine.load_weights import load_weights
from mmcurv.engine.read_checkpoint import read_checkpoint
from mmcurv.engine.train_split import TrainSplit


class Net(nn.Module):

    def __init__(self, features=3, depth=6):
        super().__init__()
        self.body = nn.Sequential(*[nn.Linear(2, 2) for _ in range(depth)])
        self.norm = nn.BatchNorm1d(2)
        self.fc = nn.Linear(2, features)


def saved(tmp_path, content):
    path = tmp_path / 'a.pth'
    torch.save(content, path)
    return str(path)


def load(model, state):
    load_weights(model, state, 'a.pth', 'net.py')


def test_checkpoint_tells_its_hash_and_its_training(tmp_path):
    split = TrainSplit([4, 2], 'f' * 64, 'LongTailed(X)')
    path = saved(
        tmp_path,
        dict(
            meta=dict(epoch=7, iter=90, dataset_meta=dict(classes=('a', 'b'))),
            state_dict=Net().state_dict(),
            mmcurv_split=split.state()))
    checkpoint = read_checkpoint(path)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert checkpoint.sha256 == digest
    assert (checkpoint.epoch, checkpoint.iteration) == (7, 90)
    assert checkpoint.split == split
    assert checkpoint.class_names == ['a', 'b']


def test_training_by_iterations_has_no_epoch(tmp_path):
    path = saved(
        tmp_path,
        dict(meta=dict(epoch=0, iter=500), state_dict=Net().state_dict()))
    checkpoint = read_checkpoint(path)
    assert (checkpoint.epoch, checkpoint.iteration) == (None, 500)


def test_bare_state_dict_of_a_wrapped_model_is_read(tmp_path):
    state = {f'module.{k}': v for k, v in Net().state_dict().items()}
    checkpoint = read_checkpoint(saved(tmp_path, state))
    assert set(checkpoint.state_dict) == set(Net().state_dict())
    assert checkpoint.epoch is None and checkpoint.split is None


@pytest.mark.parametrize('content, words', [
    ([1, 2], 'expected a dict of weights, got list'),
    (dict(epoch=1), "expected weights under 'state_dict'.*found epoch"),
])
def test_file_without_weights_is_refused(tmp_path, content, words):
    with pytest.raises(UsageError, match=words):
        read_checkpoint(saved(tmp_path, content))


def test_damaged_file_is_refused(tmp_path):
    path = saved(tmp_path, Net().state_dict())
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[:len(whole) // 2])
    with pytest.raises(UsageError, match="'.*a.pth' cannot be read"):
        read_checkpoint(path)


def test_weights_that_fit_are_loaded():
    source, model = Net(), Net()
    load(model, source.state_dict())
    assert torch.equal(model.fc.weight, source.fc.weight)


def test_counter_of_batches_may_be_missing():
    state = Net().state_dict()
    del state['norm.num_batches_tracked']
    load(Net(), state)


def test_misfit_lists_shapes_missing_and_unexpected_names_shortened():
    state = Net(features=4).state_dict()
    for i in range(5):
        state[f'extra.{i}'] = state.pop(f'body.{i}.bias')
    with pytest.raises(UsageError) as error:
        load(Net(), state)
    assert str(error.value) == (
        "checkpoint 'a.pth' does not fit the model of config 'net.py': "
        '2 of another shape (fc.weight (4, 2) there and (3, 2) here, fc.bias '
        '(4,) there and (3,) here); 5 missing from the checkpoint '
        '(body.0.bias, body.1.bias, body.2.bias and 2 more); 5 unknown to the '
        'model (extra.0, extra.1, extra.2 and 2 more). Give the config that '
        'it was trained with, or change the model by --cfg-options')


def test_weights_of_a_deeper_model_are_refused():
    with pytest.raises(UsageError, match='2 unknown to the model .body.6'):
        load(Net(), Net(depth=7).state_dict())


@pytest.mark.parametrize('damaged', [
    torch.empty(3, 2, device='meta'),
    torch.eye(3)[:, :2].to_sparse(),
])
def test_weight_that_cannot_be_copied_is_an_error_that_names_it(damaged):
    """It was passed over, and the model kept its random weights."""
    state = {**Net().state_dict(), 'fc.weight': damaged}
    with pytest.raises(UsageError, match='can be copied.*"fc.weight"'):
        load(Net(), state)
