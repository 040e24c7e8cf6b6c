# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

import mmcurv.models  # noqa: F401
from mmcurv.samples import mark_second


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def classifier(num_classes=10, depth=14, **backbone):
    torch.manual_seed(0)
    backbone = dict(
        dict(type='mmcurv.DualBranchResNet', depth=depth), **backbone)
    width = {32: 128, 14: 128}.get(depth, 4096)
    model = MODELS.build(
        dict(
            type='mmcurv.BBNClassifier',
            backbone=backbone,
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='mmcurv.BBNHead',
                num_classes=num_classes,
                in_channels=width)))
    model.head.set_epoch(4, 6)
    return model


def batch(count=5, size=8):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2 * count, 3, size, size, generator=generator)
    images[count:] = 3 * images[count:] + 1  # another distribution
    samples = [DataSample().set_gt_label(i % 10) for i in range(count)]
    mark_second(samples, torch.arange(count).flip(0) % 10)
    return images, samples


@pytest.mark.parametrize('num_classes, parameters', [(10, 538778),
                                                     (100, 550388)])
def test_resnet_32_has_the_published_parameters(num_classes, parameters):
    model = classifier(num_classes, depth=32)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_loss_is_that_of_two_passes_of_its_own_images_each():
    model, (images, samples) = classifier(), batch()
    other = copy.deepcopy(model)
    first = other.backbone.conventional(other.backbone.shared(images[:5]))
    second = other.backbone.rebalancing(other.backbone.shared(images[5:]))
    feats = torch.cat([first.mean((2, 3)), second.mean((2, 3))], 1)
    expected = other.head.loss((feats, ), samples)['loss']
    loss = model(images, samples, mode='loss')['loss']
    assert torch.equal(loss, expected)


def test_batch_norm_sees_the_first_batch_and_then_the_second():
    model, (images, samples) = classifier(), batch()
    seen = []
    model.backbone.bn1.register_forward_hook(
        lambda layer, args, out: seen.append(layer.running_mean.clone()))
    model(images, samples, mode='loss')
    maps = model.backbone.conv1(images)
    means = [part.mean((0, 2, 3)) for part in maps.chunk(2)]
    torch.testing.assert_close(seen[0], 0.1 * means[0])
    torch.testing.assert_close(seen[1], 0.09 * means[0] + 0.1 * means[1])
    assert model.backbone.bn1.num_batches_tracked == 2
    for branch in (model.backbone.conventional, model.backbone.rebalancing):
        assert branch.bn1.num_batches_tracked == 1


def test_shared_layers_learn_from_both_batches_and_a_branch_from_its_own():
    model, (images, samples) = classifier(), batch()
    images.requires_grad_()
    model(images, samples, mode='loss')['loss'].backward()
    assert images.grad[:5].any() and images.grad[5:].any()
    model.head.set_epoch(1, 6)  # nothing of the second branch
    model.zero_grad()
    images.grad = None
    model(images, samples, mode='loss')['loss'].backward()
    assert images.grad[:5].any() and not images.grad[5:].any()
    assert not model.backbone.rebalancing.conv1.weight.grad.any()


def test_both_branches_see_the_image_at_test():
    model, (images, _) = classifier().eval(), batch()
    with torch.no_grad():
        scores = model(images)
        feats = model.extract_feat(images)[-1]
    assert feats.shape == (10, 128)
    torch.testing.assert_close(scores, model.head.fc(feats))


def test_test_scores_are_those_of_training_with_the_image_in_both_batches():
    model, (images, _) = classifier().eval(), batch()
    seen = []
    model.head.fc.register_forward_hook(
        lambda layer, args, out: seen.append(out))
    model.head.alpha = 0.5
    samples = [DataSample().set_gt_label(0) for _ in range(10)]
    mark_second(samples, torch.zeros(10))
    with torch.no_grad():
        model(torch.cat([images, images]), samples, mode='loss')
        model(images)
    torch.testing.assert_close(*seen)


def test_one_image_for_each_sample_is_refused():
    model, (images, samples) = classifier(), batch()
    words = 'expected 10 images.*got 5.*mmcurv.SecondBatchHook'
    with pytest.raises(RuntimeError, match=words):
        model(images[:5], samples, mode='loss')


def test_resnet_50_trains_a_step_on_tiny_images():
    model = classifier(depth=50, type='mmcurv.DualBranchImageNetResNet')
    model.init_weights()
    model.head.set_epoch(4, 6)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    images, samples = batch(2, 32)
    before = copy.deepcopy(model.state_dict())
    loss = model(images, samples, mode='loss')['loss']
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    for branch in ('conventional', 'rebalancing'):
        name = f'backbone.{branch}.bn3.weight'
        assert not torch.equal(model.state_dict()[name], before[name])
