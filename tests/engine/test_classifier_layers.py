# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Last classifier layers that are not called head.fc."""
import pytest
from torch import nn

from tests.engine.curvature_run import pool_of
from tests.engine.image_run import build, image_classifier, trained
from tests.engine.step_watch import watch_of

DEIT = image_classifier(
    backbone=dict(
        type='DistilledVisionTransformer',
        arch=dict(
            embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8),
        img_size=32,
        patch_size=16),
    neck=None,
    head=dict(type='DeiTClsHead', in_channels=8))
CONFORMER = image_classifier(
    backbone=dict(
        type='Conformer',
        arch=dict(embed_dims=16, channel_ratio=1, num_heads=1, depths=3),
        base_channels=16),
    neck=None,
    head=dict(type='ConformerHead', in_channels=[64, 16]))
LENET = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=3),
    head=dict(type='ClsHead'))
STACKED = image_classifier(
    head=dict(type='StackedLinearClsHead', mid_channels=[8]))
ARCFACE = image_classifier(head=dict(type='ArcFaceClsHead'))
SUBCENTERS = image_classifier(
    head=dict(type='ArcFaceClsHead', num_subcenters=3))

LAYERS = {
    'lenet': (LENET, 'backbone.classifier.2', (1, 32, 32)),
    'distilled_deit': (DEIT, 'head.layers.head', (3, 32, 32)),
    'conformer_convolutions': (CONFORMER, 'head.conv_cls_head', (3, 32, 32)),
    'conformer_tokens': (CONFORMER, 'head.trans_cls_head', (3, 32, 32)),
    'stacked_head': (STACKED, 'head.layers.1.fc', (3, 32, 32)),
    'arcface': (ARCFACE, 'head.norm_product', (3, 32, 32)),
    'arcface_subcenters': (SUBCENTERS, 'head.norm_product', (3, 32, 32)),
}


def assert_term_reaches_the_first_layer(watch):
    before, after = watch.losses[:2], watch.losses[2:]
    assert not any('loss_curvature' in losses for losses in before)
    assert len(after) == 2
    for losses, gradient in zip(after, watch.gradient[2:]):
        assert losses['loss_curvature'] > 0
        assert gradient.isfinite().all() and gradient.abs().sum() > 0


@pytest.mark.parametrize('name', LAYERS)
def test_term_reaches_the_first_layer_of(tmp_path, name):
    model, layer, shape = LAYERS[name]
    _, watch = trained(
        tmp_path, model=model, layer=layer, dataset=dict(shape=shape))
    assert_term_reaches_the_first_layer(watch)


def test_term_reaches_the_first_layer_of_vgg(tmp_path):
    runner = build(
        tmp_path,
        model=dict(
            type='ImageClassifier',
            backbone=dict(type='VGG', depth=11, num_classes=0),
            head=dict(type='ClsHead')),
        layer='backbone.classifier.6')
    # Its own classifier has 120 million weights, for images of 224 pixels.
    backbone = runner.model.backbone
    backbone.num_classes = 3
    backbone.classifier = nn.Sequential(
        nn.Linear(512, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 8),
        nn.ReLU(True), nn.Dropout(), nn.Linear(8, 3))
    runner.train()
    assert_term_reaches_the_first_layer(watch_of(runner))


def test_two_heads_pool_the_feature_of_the_named_one(tmp_path):
    runner, _ = trained(tmp_path, model=CONFORMER, layer='head.trans_cls_head')
    assert pool_of(runner).features.shape[1] == 16
