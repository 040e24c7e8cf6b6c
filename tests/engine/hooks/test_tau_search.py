# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import pytest
import torch
from mmengine.registry import MODELS

from mmcurv.engine.hooks.tau_search import GRID, tau_hits
from mmcurv.models.heads import TauNormLinear
from tests.engine.stages.toy_stages import (NormedCorners, staged, train,
                                            weights)


@MODELS.register_module()
class TauCorners(NormedCorners):
    """The toy classifier with a tau-normalized last layer."""

    def __init__(self):
        super().__init__()
        self.head.fc = TauNormLinear(4, 3)


def tau_stages(**changes):
    search = {
        'model.type': 'TauCorners',
        'train_cfg': None,
        'default_hooks.tau_search': dict(type='mmcurv.TauSearchHook')
    }
    second = dict(
        name='tau', weights='features', changes=dict(search, **changes))
    return dict(name='features'), second


def test_grid_is_the_published_one():
    assert len(GRID) == 21
    assert GRID[:4] + GRID[-1:] == (0., 0.1, 0.2, 0.3, 2.)


def test_hits_are_counted_at_every_tau():
    weight = torch.tensor([[4., 0.], [0., 1.]])
    features = torch.tensor([[1., 2.], [2., 1.]])
    labels = torch.tensor([1, 0])
    # Long weights win the first image at tau 0, and lose it at tau 1.
    assert tau_hits(features, labels, weight, [0., 1.]).tolist() == [1, 2]


@pytest.mark.parametrize('split', ['test', 'val'])
def test_best_tau_of_the_grid_is_chosen_and_recorded(split, tmp_path):
    train(
        staged(tmp_path, *tau_stages(),
               **{'default_hooks.run_record.selection_split': split}))
    record = json.loads((tmp_path / 'tau_norm.json').read_text())
    accuracies = [entry['accuracy'] for entry in record['grid']]
    assert [entry['tau'] for entry in record['grid']] == list(GRID)
    best = accuracies.index(max(accuracies))
    assert record['chosen'] == GRID[best]
    assert record['selection_split'] == split
    assert record['chosen_on_test'] == (split == 'test')
    after = weights(tmp_path / 'epoch_1.pth')
    assert after['head.fc.tau'].item() == pytest.approx(GRID[best])
    run = json.loads((tmp_path / 'run.json').read_text())
    assert run['results']['last']['metrics']['overall'] == pytest.approx(
        max(accuracies))


def test_classifier_of_another_kind_is_refused(tmp_path):
    with pytest.raises(TypeError, match='to be a TauNormLinear, got Linear'):
        train(staged(tmp_path, *tau_stages(**{'model.type': 'NormedCorners'})))


def test_empty_grid_is_refused(tmp_path):
    hook = 'default_hooks.tau_search'
    stages = tau_stages(**{hook: dict(type='mmcurv.TauSearchHook', taus=[])})
    with pytest.raises(ValueError, match='at least one tau'):
        train(staged(tmp_path, *stages))
