# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from mmcurv.models.heads import TauNormHead, TauNormLinear, tau_scores


@pytest.fixture
def example():
    torch.manual_seed(0)
    return torch.randn(6, 4), 3 * torch.randn(5, 4)


def test_tau_zero_is_the_classifier_without_bias(example):
    features, weight = example
    torch.testing.assert_close(
        tau_scores(features, weight, 0.), features @ weight.T)


def test_tau_one_makes_all_weights_equally_long(example):
    features, weight = example
    unit = weight / weight.norm(dim=1, keepdim=True)
    torch.testing.assert_close(
        tau_scores(features, weight, 1.), features @ unit.T)


@pytest.mark.parametrize('tau', [0.3, 1.7])
def test_scores_are_those_of_the_loop(tau, example):
    features, weight = example
    scores = tau_scores(features, weight, tau)
    for i, f in enumerate(features.tolist()):
        for c, w in enumerate(weight.tolist()):
            length = sum(value**2 for value in w)**0.5
            expected = sum(a * b for a, b in zip(f, w)) / length**tau
            assert scores[i, c].item() == pytest.approx(expected, rel=1e-4)


def test_weight_of_length_zero_scores_zero(example):
    features, weight = example
    weight[2] = 0
    assert (tau_scores(features, weight, 2.)[:, 2] == 0).all()


def test_layer_takes_the_weights_of_a_linear_one_and_keeps_tau(example):
    features, _ = example
    linear, layer = nn.Linear(4, 5), TauNormLinear(4, 5)
    missing, unexpected = layer.load_state_dict(
        linear.state_dict(), strict=False)
    assert (missing, unexpected) == (['tau'], [])
    layer.tau.fill_(0.5)
    other = TauNormLinear(4, 5)
    other.load_state_dict(layer.state_dict())
    torch.testing.assert_close(
        other(features), tau_scores(features, linear.weight, 0.5))


def test_layer_of_the_head_can_be_tapped():
    head, seen = TauNormHead(3, 4), []
    head.fc.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    features = torch.randn(2, 4)
    head((features, ))
    assert seen[0] is features
