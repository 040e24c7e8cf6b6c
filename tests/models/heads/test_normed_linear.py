# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.engine.feature_tap import classifier_layers
from mmcurv.models.heads import NormedLinear


def test_weights_start_as_in_the_ldam_code():
    torch.manual_seed(0)
    layer = NormedLinear(64, 10)
    torch.manual_seed(0)
    # There the columns are the classes.
    theirs = torch.empty(10, 64).uniform_(-1, 1).t().contiguous()
    theirs = theirs.renorm_(2, 1, 1e-5).mul_(1e5)
    torch.testing.assert_close(layer.weight.data.t(), theirs)
    torch.testing.assert_close(layer.weight.data.norm(dim=1), torch.ones(10))


def test_outputs_are_cosines():
    layer = NormedLinear(5, 3).double()
    features = 100 * torch.randn(4, 5, dtype=torch.float64)
    expected = F.cosine_similarity(features[:, None], layer.weight[None], 2)
    torch.testing.assert_close(layer(features), expected)


def test_lengths_of_features_and_weights_do_not_matter():
    layer = NormedLinear(5, 3)
    features = torch.randn(4, 5)
    before = layer(features)
    with torch.no_grad():
        layer.weight.mul_(7)
    torch.testing.assert_close(layer(0.01 * features), before)


def test_zero_feature_has_zero_cosines():
    assert not NormedLinear(5, 3)(torch.zeros(2, 5)).any()


def test_gradient_is_that_of_the_value():
    layer = NormedLinear(4, 3).double()
    features = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, features)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_cosines_are_float32_under_autocast(dtype):
    layer = NormedLinear(5, 3)
    features = torch.randn(4, 5).to(dtype)
    with torch.autocast('cpu', dtype):
        cosines = layer(features)
    assert cosines.dtype == torch.float32
    torch.testing.assert_close(cosines, layer(features.float()))


def test_it_is_found_as_a_classifier_layer_and_is_no_linear_layer():
    layer = NormedLinear(5, 3)
    assert classifier_layers(torch.nn.Sequential(layer)) == ['0']
    assert not isinstance(layer, torch.nn.Linear)
    assert 'in_features=5, out_features=3' in repr(layer)
