# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest
from mmengine.config import Config

from mmcurv.benchmark.planning.model_size import (image_shape, model_size,
                                                  pool_bytes, pool_hook)
from mmcurv.engine.config_options import merged_config

PATH = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
CONFIG = merged_config(PATH)
TWIN = merged_config(PATH, cr=True)


def tiny_config():
    """One 3 x 3 convolution of 2 channels, 5 classes, images of 4 x 4."""
    cfg = copy.deepcopy(TWIN)
    cfg.merge_from_dict({
        'model.backbone.depth': 8,
        'model.backbone.base_channels': 2,
        'model.head.in_channels': 8,
        'model.head.num_classes': 5,
        'train_dataloader.dataset.pipeline.0.crop_size': 4,
    })
    return cfg


def test_multiply_adds_are_those_of_each_layer():
    maps = [4 * 4, 2 * 2, 1]  # pixels of the three stages
    by_hand = maps[0] * 9 * 1 * 2  # the first convolution
    channels = 2
    for stage, pixels in enumerate(maps):
        wide = 2 * 2**stage
        by_hand += pixels * 9 * (channels * wide + wide * wide)
        channels = wide
    by_hand += 8 * 5
    assert model_size(tiny_config()).multiply_adds == by_hand


def test_weights_are_parameters_and_buffers():
    size = model_size(CONFIG)
    norms = 16 + 2 * (16 + 32 + 64)  # channels: a mean and a variance each
    steps = 7  # batch norms: a count of batches, int64
    preprocessor = 2  # mean and std of one channel
    assert size.weight_bytes == 4 * (75002 + 2 * norms +
                                     preprocessor) + 8 * steps
    assert size.feature_dim is None


def test_feature_is_the_input_of_the_layer_of_the_pool():
    assert model_size(TWIN).feature_dim == 64
    assert model_size(tiny_config()).feature_dim == 8
    cfg = tiny_config()
    cfg.custom_hooks[0].layer = 'head.none'
    assert model_size(cfg).feature_dim is None


def test_features_of_several_layers_are_added_up():
    cfg = tiny_config()
    cfg.model.head.update(
        type='StackedLinearClsHead', mid_channels=[6], in_channels=8)
    cfg.custom_hooks[0].layer = ['head.layers.0.fc', 'head.layers.1.fc']
    assert model_size(cfg).feature_dim == 8 + 6


def test_model_that_cannot_be_built_has_no_size():
    cfg = tiny_config()
    cfg.model.backbone.depth = 7
    assert model_size(cfg) is None


@pytest.mark.parametrize('pipeline, shape', [
    ([dict(type='RandomCrop', crop_size=28)], (1, 28, 28)),
    ([
        dict(type='RandomResizedCrop', scale=224),
        dict(type='RandomFlip', prob=0.5)
    ], (1, 224, 224)),
    ([
        dict(type='Resize', scale=(30, 40)),
        dict(type='CenterCrop', crop_size=24)
    ], (1, 24, 24)),
    ([dict(type='PackInputs')], None),
    ([dict(type='ResizeEdge', scale=(0.1, 2.))], None),
])
def test_image_is_as_large_as_the_last_transform_says(pipeline, shape):
    cfg = Config(
        dict(
            data_preprocessor=dict(mean=[0.]),
            train_dataloader=dict(
                dataset=dict(dataset=dict(pipeline=pipeline)))))
    assert image_shape(cfg) == shape


def test_batch_augmentations_say_the_size_where_a_pipeline_does_not():
    cfg = Config(
        dict(
            data_preprocessor=dict(
                mean=[0.],
                augment=[
                    dict(type='BatchRandomCrop', crop_size=28, padding=4),
                    dict(type='BatchRandomFlip', prob=0.5)
                ]),
            train_dataloader=dict(
                dataset=dict(
                    type='mmcurv.InMemoryDataset',
                    dataset=dict(pipeline=[dict(type='PackInputs')])))))
    assert image_shape(cfg) == (1, 28, 28)


def test_parameters_are_those_of_the_model():
    assert model_size(CONFIG).parameters == 75002


def test_network_of_mmpretrain_has_a_size():
    cfg = copy.deepcopy(TWIN)
    cfg.merge_from_dict({
        'model.backbone':
        dict(
            _delete_=True,
            type='ResNet',
            depth=18,
            in_channels=1,
            drop_path_rate=0.1),
        'model.head.in_channels':
        512
    })
    size = model_size(cfg)
    assert size.parameters == 11689512 - 2 * 64 * 49 - 990 * 513
    assert size.feature_dim == 512 and size.multiply_adds > 0


def test_unknown_channels_are_an_unknown_shape():
    cfg = copy.deepcopy(CONFIG)
    del cfg.data_preprocessor['mean']
    assert image_shape(cfg) is None
    assert model_size(cfg).multiply_adds is None


def test_pool_holds_one_feature_of_each_image():
    hook = pool_hook(TWIN)
    assert pool_hook(CONFIG) is None
    assert pool_bytes(hook, [10, 2], 64) == 12 * 64 * 4
    assert hook['layer'] == ['head.fc'] and hook['mixed'] == 'skip'
    hook['pool'] = dict(dtype='float16', max_per_class=3)
    assert pool_bytes(hook, [10, 2], 64) == 5 * 64 * 2
    hook['pool'] = dict(dtype='x')
    assert pool_bytes(hook, [1], 64) is None
