# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample
from torch import nn

from mmcurv.engine.extraction.layers import classifier_layers
from mmcurv.engine.provenance import count_parameters, multiply_adds
from mmcurv.models.heads import (NormedLinear, NormedLinearHead,
                                 ScaledLinearHead, TauNormHead, TauNormLinear,
                                 tau_scores)
from mmcurv.models.losses import (LDAMLoss, effective_number_weights,
                                  ldam_margins)
from mmcurv.samples import mark_pairs
from tests.engine.image_run import image_classifier


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


COUNTS = [120, 40, 5]


def samples(labels):
    return [DataSample().set_gt_label(int(label)) for label in labels]


def ldam_head(**kwargs):
    torch.manual_seed(0)
    loss = LDAMLoss(class_counts=COUNTS)
    return NormedLinearHead(3, 6, loss=loss, **kwargs).double()


def drawn(size=5):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(size, 6, generator=generator, dtype=torch.float64)


def test_layer_fc_has_the_feature_before_it_is_normalized():
    head, seen = ldam_head(), []
    head.fc.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    z = drawn()
    head.loss((z, ), samples([0, 1, 2, 0, 1]))
    assert seen[0] is z


def test_initializers_of_linear_layers_leave_the_weights_alone():
    head = NormedLinearHead(
        3, 6, init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear'))
    before = head.fc.weight.clone()
    head.init_weights()
    assert torch.equal(head.fc.weight, before)


def test_predicted_probabilities_have_the_scale_of_the_loss():
    head, z = ldam_head(), drawn()
    cosines = head((z, ))
    predicted = head.predict((z, ))
    torch.testing.assert_close(
        torch.stack([sample.pred_score for sample in predicted]),
        (30 * cosines).softmax(1))
    labels = torch.cat([sample.pred_label for sample in predicted])
    assert torch.equal(labels, cosines.argmax(1))


def test_scale_of_the_head_serves_losses_without_one():
    z, labels = drawn(), [0, 1, 2, 0, 1]
    head = NormedLinearHead(3, 6, scale=16.).double()
    loss = head.loss((z, ), samples(labels))['loss']
    cosines = head.fc(z)
    torch.testing.assert_close(
        loss,
        torch.nn.functional.cross_entropy(16 * cosines, torch.tensor(labels)))
    (sample, ) = head.predict((z[:1], ))
    torch.testing.assert_close(sample.pred_score, (16 * cosines[0]).softmax(0))


def test_scaling_twice_is_refused():
    head = ldam_head(scale=30.)
    with pytest.raises(ValueError, match='leave its scale at 1'):
        head.loss((drawn(), ), samples([0, 1, 2, 0, 1]))
    with pytest.raises(ValueError, match='scale above 0'):
        NormedLinearHead(3, 6, scale=0.)


@pytest.mark.parametrize('reweighted', [False, True])
def test_mixed_images_have_the_loss_of_each_label_by_its_share(reweighted):
    head, z = ldam_head(), drawn()
    labels, others = torch.tensor([0, 1, 2, 0,
                                   1]), torch.tensor([1, 2, 2, 0, 0])
    weights = torch.ones(3, dtype=torch.float64)
    if reweighted:
        weights = effective_number_weights(COUNTS)
        head.loss_module.set_weights(weights)
    batch = samples(labels)
    mark_pairs(batch, others, 0.3)
    margins = ldam_margins(COUNTS)
    expected = 0.
    for share, each in ((0.3, labels), (0.7, others)):
        logits = head((z, )).clone()
        logits[torch.arange(5), each] -= margins[each]
        expected += share * torch.nn.functional.cross_entropy(
            30 * logits, each, weights)
    # The margins of the head are float32.
    torch.testing.assert_close(
        head.loss((z, ), batch)['loss'], expected, rtol=1e-6, atol=0)


def test_cifar_network_has_no_bias_and_a_known_cost():
    init_default_scope('mmpretrain')
    model = MODELS.build(
        image_classifier(
            backbone=dict(type='mmcurv.CifarResNet', depth=32),
            head=dict(
                type='mmcurv.NormedLinearHead',
                num_classes=100,
                in_channels=64)))
    assert count_parameters(model) == 463504 + 64 * 100
    linear = MODELS.build(
        image_classifier(
            backbone=dict(type='mmcurv.CifarResNet', depth=32),
            head=dict(num_classes=100, in_channels=64)))
    assert multiply_adds(model,
                         (3, 32, 32)) == multiply_adds(linear, (3, 32, 32)) > 0


def test_scores_start_as_those_of_the_classifier():
    head, features = ScaledLinearHead(3, 4), torch.randn(5, 4)
    assert torch.equal(head((features, )), head.fc(features))


def test_each_class_has_its_factor_of_weight_and_bias():
    head, features = ScaledLinearHead(3, 4), torch.randn(5, 4)
    with torch.no_grad():
        head.scales.copy_(torch.tensor([1., 2., 0.]))
    expected = head.fc(features) * torch.tensor([1., 2., 0.])
    torch.testing.assert_close(head((features, )), expected)


def test_scales_alone_have_a_gradient_if_the_classifier_is_frozen():
    head = ScaledLinearHead(3, 4)
    head.fc.requires_grad_(False)
    head((torch.randn(5, 4), )).sum().backward()
    assert [n for n, p in head.named_parameters()
            if p.grad is not None] == ['scales']


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
