# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import torch
from mmengine.model import BaseModel
from torch import nn

import mmcurv.models  # noqa: F401
from mmcurv.engine.model_cost import count_parameters, multiply_adds
from mmcurv.registry import MODELS


class OneConvolution(BaseModel):

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(5)
        self.fc = nn.Linear(5, 7)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.fc(self.norm(self.conv(inputs)).mean((2, 3)))


class LooksAtItsData(OneConvolution):

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return super().forward(inputs) if inputs.sum() > 0 else None


def test_multiply_adds_of_a_convolution_and_a_linear_layer():
    count = multiply_adds(OneConvolution(), (3, 8, 6))
    assert count == 8 * 6 * 5 * 3 * 9 + 5 * 7


def test_counting_changes_nothing():
    model = OneConvolution()
    model.norm.eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    multiply_adds(model, (3, 8, 6))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training and not model.norm.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_model_that_looks_at_its_data_has_no_count():
    assert multiply_adds(LooksAtItsData(), (3, 8, 6)) is None


def test_shared_parameters_count_once():
    model = OneConvolution()
    count = count_parameters(model)
    model.again = model.fc
    assert count_parameters(model) == count == 5 * 3 * 9 + 10 + 5 * 7 + 7


def test_resnet_32_has_its_published_cost():
    """He et al., Deep Residual Learning: 69 million at 32 x 32."""
    backbone = MODELS.build(dict(type='mmcurv.CifarResNet', depth=32))

    class Model(BaseModel):

        def __init__(self):
            super().__init__()
            self.backbone = backbone

        def forward(self, inputs, data_samples=None, mode='tensor'):
            return self.backbone(inputs)[0]

    assert round(multiply_adds(Model(), (3, 32, 32)) / 1e6) == 69
