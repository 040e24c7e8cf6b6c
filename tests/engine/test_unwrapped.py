# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from mmcurv.engine.unwrapped import unwrapped


class Wrapper(nn.Module):

    def __init__(self, module):
        super().__init__()
        self.module = module


def test_model_comes_out_of_its_wrapper(monkeypatch):
    monkeypatch.setitem(MODEL_WRAPPERS._module_dict, 'Wrapper', Wrapper)
    model = nn.Linear(2, 3)
    assert unwrapped(Wrapper(model)) is model


def test_model_with_a_module_of_its_own_stays_as_it_is():
    model = Wrapper(nn.Linear(2, 3))
    assert unwrapped(model) is model
