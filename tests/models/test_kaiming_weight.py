# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import torch
from mmengine.model import BaseModule, initialize
from torch import nn

import mmcurv.models  # noqa: F401


class Layers(BaseModule):

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 2)


def copies(module):
    return {k: v.clone() for k, v in module.state_dict().items()}


def test_only_weights_of_the_named_layers_change():
    model = Layers()
    before = copies(model)
    initialize(model, dict(type='mmcurv.KaimingWeight', layer='Linear'))
    after = model.state_dict()
    changed = [k for k in before if not torch.equal(before[k], after[k])]
    assert changed == ['fc.weight']


def test_several_layers_and_subclasses_are_reached():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.modules.linear.NonDynamicallyQuantizableLinear(8, 2))
    before = copies(model)
    initialize(model,
               dict(type='mmcurv.KaimingWeight', layer=['Conv2d', 'Linear']))
    after = model.state_dict()
    changed = [k for k in before if not torch.equal(before[k], after[k])]
    assert changed == ['0.weight', '1.weight']


def test_override_initializes_the_whole_named_part():
    model = Layers()
    before = copies(model)
    initialize(
        model,
        dict(
            type='Constant',
            layer='Conv2d',
            val=0.,
            override=dict(
                type='mmcurv.KaimingWeight', name='fc', layer='Linear')))
    assert not torch.equal(before['fc.weight'], model.fc.weight)
    assert torch.equal(before['fc.bias'], model.fc.bias)
    assert not model.conv.weight.any()


def test_record_of_initialization_tells_what_was_done(monkeypatch):
    notes = {}

    def dump(self):
        for name, parameter in self.named_parameters():
            notes[name] = self._params_init_info[parameter]['init_info']

    monkeypatch.setattr(Layers, '_dump_init_info', dump)
    Layers(dict(type='mmcurv.KaimingWeight', layer='Linear')).init_weights()
    assert 'KaimingWeight' in notes['fc.weight']
    assert 'KaimingWeight' not in notes['fc.bias']
