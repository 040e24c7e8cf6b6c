# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from fractions import Fraction

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from torch import nn

from mmcurv.arguments import POOLINGS, UsageError
from mmcurv.engine.extraction.layers import (LayerTaps, depth_units,
                                             find_layer, has_class_token,
                                             last_classifier, pool_map,
                                             resolve_layers, unit_at)

GAP = dict(type='GlobalAveragePooling')


def linear(channels):
    return dict(type='LinearClsHead', num_classes=10, in_channels=channels)


VIT = dict(arch='deit-tiny', img_size=16, patch_size=8)
MODELS_BY_NAME = dict(
    resnet=dict(
        backbone=dict(type='ResNet', depth=18), neck=GAP, head=linear(512)),
    cifar=dict(
        backbone=dict(type='mmcurv.CifarResNet', depth=20),
        neck=GAP,
        head=linear(64)),
    vgg=dict(
        backbone=dict(type='VGG', depth=11, num_classes=10),
        head=dict(type='ClsHead')),
    lenet=dict(
        backbone=dict(type='LeNet5', num_classes=10),
        head=dict(type='ClsHead')),
    vit=dict(
        backbone=dict(type='VisionTransformer', **VIT),
        head=dict(
            type='VisionTransformerClsHead', num_classes=10, in_channels=192)),
    deit=dict(
        backbone=dict(type='DistilledVisionTransformer', **VIT),
        head=dict(type='DeiTClsHead', num_classes=10, in_channels=192)),
)


def build(name):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(
            dict(type='ImageClassifier', **MODELS_BY_NAME[name])).eval()


@pytest.mark.parametrize('name, size, thirds', [
    ('resnet', 8, ['layer2.0', 'layer3.1', 'layer4.1']),
    ('cifar', 9, ['layer1.2', 'layer2.2', 'layer3.2']),
    ('vgg', 10, ['features.6', 'features.10', 'classifier.4']),
    ('lenet', 4, ['features.5', 'features.7', 'classifier.1']),
    ('vit', 12, ['layers.3', 'layers.7', 'layers.11']),
])
def test_fractions_of_the_depth_are_blocks_or_plain_layers(name, size, thirds):
    model = build(name)
    points = resolve_layers(model, ['1/3', '2/3', '3/3'], 10)
    assert [p.layer for p in points] == [f'backbone.{t}' for t in thirds]
    assert {p.side for p in points} == {'output'}
    assert points[2].depth == f'unit {size} of {size}'


def test_unit_is_the_rounded_up_one():
    units = list('abcdefg')
    for k in range(1, 8):
        assert unit_at(units, Fraction(k, 7)) == units[k - 1]
    assert unit_at(units, Fraction(1, 100)) == 'a'
    assert unit_at(units, Fraction(1, 2)) == 'd'


def test_backbone_in_a_wrapper_is_unwrapped():
    model = nn.Module()
    model.backbone = nn.Module()
    model.backbone.inner = nn.Module()
    for name in ('first', 'second'):
        block = nn.Module()
        block.a, block.b = nn.Linear(2, 2), nn.Linear(2, 2)
        model.backbone.inner.add_module(name, block)
    assert depth_units(
        model, None) == ['backbone.inner.first', 'backbone.inner.second']


@pytest.mark.parametrize('name, layer', [('resnet', 'head.fc'),
                                         ('lenet', 'backbone.classifier.2'),
                                         ('vit', 'head.layers.head')])
def test_last_is_the_input_of_the_classifier(name, layer):
    point, = resolve_layers(build(name), ['last'], 10)
    assert (point.layer, point.side, point.label) == (layer, 'input', layer)
    assert point.describe() == f'last: input of {layer}'


def test_model_with_two_heads_asks_which_one():
    said = 'found 2; .*head.layers.head, head.layers.head_dist. Name the layer'
    with pytest.raises(ValueError, match=said):
        last_classifier(build('deit'), 10)
    with pytest.raises(UsageError, match=f'--layers last: expected.*{said}'):
        resolve_layers(build('deit'), ['last'], 10)
    assert resolve_layers(build('deit'), ['1/2'],
                          10)[0].layer == ('backbone.layers.5')


def test_model_without_a_classifier_is_told_to_name_a_layer():
    model = nn.Sequential(nn.Conv2d(1, 1, 3))
    with pytest.raises(ValueError, match='found 0; .*: none. Name the layer'):
        last_classifier(model, 10)
    with pytest.raises(
            ValueError, match=r'of 10 classes.*: 0 \(3 outputs\). Name'):
        last_classifier(nn.Sequential(nn.Linear(2, 3)), 10)
    with pytest.raises(UsageError, match='1/2: Sequential has no hidden'):
        resolve_layers(nn.Sequential(nn.Linear(2, 3)), ['1/2'], 3)


def test_name_means_the_input_of_a_matrix_and_the_output_of_the_rest():
    points = resolve_layers(
        build('lenet'), [
            'backbone.classifier.0', 'backbone.classifier.1',
            'backbone.classifier.0:output', 'backbone.classifier.1:output'
        ], 10)
    assert [(p.side, p.label) for p in points] == [
        ('input', 'backbone.classifier.0'),
        ('output', 'backbone.classifier.1'),
        ('output', 'backbone.classifier.0:output'),
    ]


def test_place_asked_for_twice_comes_once():
    points = resolve_layers(
        build('resnet'), ['last', '1/1', 'head.fc', 'backbone.layer4.1'], 10)
    assert [p.asked for p in points] == ['last', '1/1']


@pytest.mark.parametrize('asked, words', [
    (['backbone.layer5'], "no layer of ImageClassifier. Did you mean "
     "'backbone.layer[14]'.*'head.fc'.*'last', a fraction.*layer1.0, "),
    (['4/3'], '--layers 4/3: expected a fraction above 0 and at most 1'),
    (['0/3'], '--layers 0/3: expected a fraction above 0 and at most 1'),
    (['1/0'], '--layers 1/0: expected a fraction'),
    (['head.fc:both'], "expected :input or :output.*'both'"),
    ([], 'expected at least one'),
])
def test_place_that_is_not_there_is_explained(asked, words):
    with pytest.raises(UsageError, match='(?s)' + words):
        resolve_layers(build('resnet'), asked, 10)


def test_taps_take_both_sides_of_a_layer():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    points = resolve_layers(model, ['0:input', '0', '1'])
    x = torch.randn(3, 1, 5, 5)
    with LayerTaps(model, points, 'flatten') as taps:
        output = model(x)
        rows = taps.take()
    assert torch.equal(rows['0:input'], x.flatten(1))
    assert torch.equal(rows['0'], model[0](x).flatten(1))  # not in place
    assert torch.equal(rows['1'], output.flatten(1))
    assert not model[0]._forward_hooks and not model[0]._forward_pre_hooks


class Odd(nn.Module):

    def __init__(self):
        super().__init__()
        self.unused, self.used = nn.Linear(2, 2), nn.Linear(2, 2)
        self.pair = nn.Identity()

    def forward(self, x):
        return self.pair((self.used(x), self.used(x)))


@pytest.mark.parametrize(
    'layer, words',
    [('unused', 'ran 0 times; choose another'),
     ('used', 'ran 2 times; choose another'),
     ('pair', 'output of pair: expected one tensor, got 2 in a tuple')])
def test_layer_without_one_row_per_image_is_refused(layer, words):
    model = Odd()
    points = resolve_layers(model, [f'{layer}:output'])
    with pytest.raises(UsageError, match=words):
        with LayerTaps(model, points) as taps:
            model(torch.randn(3, 2))
            taps.take()
    assert not model.pair._forward_hooks


MODEL = nn.ModuleDict(
    dict(backbone=nn.Linear(1, 1), head=nn.ModuleDict(dict(fc=nn.ReLU()))))


def test_layer_is_found_by_its_name():
    assert find_layer(MODEL, 'head.fc') is MODEL['head']['fc']


@pytest.mark.parametrize('name, hint', [
    ('backbon', "Did you mean 'backbone'"),
    ('', 'It has backbone, head, head.fc'),
    ('zzz', 'It has backbone, head, head.fc'),
])
def test_unknown_name_is_answered_by_known_ones(name, hint):
    with pytest.raises(ValueError, match=f'freeze: .*{hint}'):
        find_layer(MODEL, name, 'freeze')


MAPS = torch.arange(24.).view(2, 3, 2, 2)
TOKENS = torch.arange(24.).view(2, 4, 3)


@pytest.mark.parametrize('pooling', POOLINGS)
def test_rows_pass_unchanged(pooling):
    rows = torch.randn(2, 5)
    assert torch.equal(pool_map(rows, pooling), rows)


@pytest.mark.parametrize('pooling, expected',
                         [('avg', [[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]]),
                          ('max', [[3., 7., 11.], [15., 19., 23.]])])
def test_map_is_pooled_over_its_places(pooling, expected):
    assert pool_map(MAPS, pooling).tolist() == expected
    clip = MAPS.view(2, 3, 2, 2, 1)  # a video's map has a time, too
    assert pool_map(clip, pooling).tolist() == expected


@pytest.mark.parametrize('pooling, expected',
                         [('avg', [[4.5, 5.5, 6.5], [16.5, 17.5, 18.5]]),
                          ('max', [[9., 10., 11.], [21., 22., 23.]]),
                          ('cls', [[0., 1., 2.], [12., 13., 14.]])])
def test_tokens_are_pooled_over_the_tokens(pooling, expected):
    assert pool_map(TOKENS, pooling).tolist() == expected


def test_flatten_keeps_every_value():
    assert pool_map(MAPS, 'flatten').tolist() == MAPS.view(2, 12).tolist()
    assert pool_map(TOKENS, 'flatten').tolist() == MAPS.view(2, 12).tolist()


def test_half_precision_is_averaged_in_single():
    maps = torch.full((1, 1, 200, 200), 60000., dtype=torch.float16)
    pooled = pool_map(maps)
    assert pooled.dtype == torch.float32
    assert pooled.item() == pytest.approx(60000, rel=1e-3)


@pytest.mark.parametrize('output, pooling, words',
                         [(MAPS, 'mean', "one of avg, .* got 'mean'"),
                          (MAPS, 'cls', r'a map of shape \(2, 3, 2, 2\)'),
                          (torch.ones(3), 'avg', r'got shape \(3,\)')])
def test_what_cannot_be_pooled_is_refused(output, pooling, words):
    with pytest.raises(ValueError, match=words):
        pool_map(output, pooling)


def test_class_token_is_found_by_its_name():
    model = nn.Module()
    model.backbone = nn.Linear(2, 2)
    assert not has_class_token(model)
    model.backbone.cls_token = nn.Parameter(torch.zeros(1, 1, 2))
    assert has_class_token(model)
