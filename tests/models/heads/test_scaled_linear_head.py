# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import torch

from mmcurv.models.heads import ScaledLinearHead


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
