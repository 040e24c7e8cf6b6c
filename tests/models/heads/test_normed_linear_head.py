# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.datasets.paired_fields import mark_pairs
from mmcurv.engine.model_cost import count_parameters, multiply_adds
from mmcurv.models.heads import NormedLinearHead
from mmcurv.models.losses import (LDAMLoss, effective_number_weights,
                                  ldam_margins)
from tests.engine.image_run import image_classifier

COUNTS = [120, 40, 5]


def samples(labels):
    return [DataSample().set_gt_label(int(label)) for label in labels]


def ldam_head(**kwargs):
    torch.manual_seed(0)
    loss = LDAMLoss(class_counts=COUNTS)
    return NormedLinearHead(3, 6, loss=loss, **kwargs).double()


def features(size=5):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(size, 6, generator=generator, dtype=torch.float64)


def test_layer_fc_has_the_feature_before_it_is_normalized():
    head, seen = ldam_head(), []
    head.fc.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    z = features()
    head.loss((z, ), samples([0, 1, 2, 0, 1]))
    assert seen[0] is z


def test_initializers_of_linear_layers_leave_the_weights_alone():
    head = NormedLinearHead(
        3, 6, init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear'))
    before = head.fc.weight.clone()
    head.init_weights()
    assert torch.equal(head.fc.weight, before)


def test_predicted_probabilities_have_the_scale_of_the_loss():
    head, z = ldam_head(), features()
    cosines = head((z, ))
    predicted = head.predict((z, ))
    torch.testing.assert_close(
        torch.stack([sample.pred_score for sample in predicted]),
        (30 * cosines).softmax(1))
    labels = torch.cat([sample.pred_label for sample in predicted])
    assert torch.equal(labels, cosines.argmax(1))


def test_scale_of_the_head_serves_losses_without_one():
    z, labels = features(), [0, 1, 2, 0, 1]
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
        head.loss((features(), ), samples([0, 1, 2, 0, 1]))
    with pytest.raises(ValueError, match='scale above 0'):
        NormedLinearHead(3, 6, scale=0.)


@pytest.mark.parametrize('reweighted', [False, True])
def test_mixed_images_have_the_loss_of_each_label_by_its_share(reweighted):
    head, z = ldam_head(), features()
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
