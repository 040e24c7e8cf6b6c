# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import uuid
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from mmcurv.benchmark.matrices.broken_configs import meta_model
from tests.real_formats import write_fashion_mnist

FOLDER = Path(__file__).parents[1] / 'configs/geometry'
ALL = sorted(FOLDER.glob('*.py'))
CONFIGS = [path for path in ALL if '_fashion-6k' in path.stem]
WHOLE = [path for path in ALL if path not in CONFIGS]
FEATURES = {'resnet18_fashion-6k': 256, 'vgg16_fashion-6k': 512}
NETWORKS = [
    'bn_inception', 'densenet201', 'mobilenet_v2', 'resnet18', 'resnet32',
    'resnet34', 'resnet50', 'resnext101', 'resnext50', 'se_resnet50',
    'senet34', 'shufflenet_v2', 'vgg16'
]
DATA = dict(
    cifar10=('CIFAR10', 10, False),
    cifar100=('CIFAR100', 100, False),
    svhn=('mmcurv.SVHN', 10, False),
    fashion=('mmcurv.FashionMNIST', 10, None))


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@pytest.fixture(params=CONFIGS, ids=[path.stem for path in CONFIGS])
def name_and_config(request):
    return request.param.stem, Config.fromfile(request.param)


def test_thirteen_networks_have_three_data_sets_and_two_have_a_fourth():
    expected = {
        f'{network}_{data}'
        for network in NETWORKS
        for data in ('cifar10', 'cifar100', 'svhn')
    }
    expected |= {'resnet18_fashion', 'vgg16_fashion'}
    assert {path.stem for path in WHOLE} == expected


@pytest.mark.parametrize('path', WHOLE, ids=[path.stem for path in WHOLE])
def test_network_trains_on_all_images_and_is_measured(path):
    cfg = Config.fromfile(path)
    kind, classes, to_rgb = DATA[path.stem.rpartition('_')[2]]
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    assert (train.type, train.split) == (kind, 'train')
    assert (test.type, test.split) == (kind, 'test')
    assert cfg.data_preprocessor.num_classes == classes
    assert cfg.data_preprocessor.get('to_rgb') == to_rgb  # all are RGB
    assert meta_model(cfg).head.fc.out_features == classes
    flips = [step.type for step in train.pipeline].count('RandomFlip')
    assert flips == (0 if 'svhn' in path.stem else 1)
    assert cfg.train_dataloader.batch_size == 128
    warm_up, cosine = cfg.param_scheduler
    assert warm_up.end == cosine.begin == 1
    assert cosine.end == cfg.train_cfg.max_epochs == cosine.T_max + 1 == 200
    assert cfg.default_hooks.geometry == dict(
        type='mmcurv.GeometryMonitorHook',
        layer='head.fc',
        interval=5,
        max_per_class=500,
        at_start=True)


@pytest.mark.parametrize('name', ['resnet18_fashion', 'vgg16_fashion'])
def test_network_takes_gray_images(name):
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    batch = model.data_preprocessor(
        dict(inputs=torch.zeros(2, 1, 28, 28, dtype=torch.uint8)))
    features = model.extract_feat(batch['inputs'])[-1]
    assert features.shape == (2, model.head.fc.in_features)


def test_training_set_is_balanced_and_the_test_set_whole(name_and_config):
    _, cfg = name_and_config
    assert cfg.train_dataloader.dataset.counts == [600] * 10
    assert cfg.train_dataloader.dataset.imbalance_factor is None
    assert cfg.test_dataloader.dataset.type == 'mmcurv.FashionMNIST'
    assert cfg.test_dataloader.dataset.split == 'test'


def test_schedule_ends_with_the_training(name_and_config):
    _, cfg = name_and_config
    warm_up, cosine = cfg.param_scheduler
    assert warm_up.end == cosine.begin == 1
    assert cosine.end == cfg.train_cfg.max_epochs == cosine.T_max + 1


def test_layer_of_the_hook_takes_the_features(name_and_config):
    name, cfg = name_and_config
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    batch = model.data_preprocessor(
        dict(inputs=torch.zeros(2, 1, 28, 28, dtype=torch.uint8)))
    features = model.extract_feat(batch['inputs'])[-1]
    layer = model.get_submodule(cfg.default_hooks.geometry.layer)
    assert features.shape == (2, layer.in_features)
    assert layer.in_features == FEATURES[name]


def test_run_records_geometry_and_correlation(name_and_config, tmp_path):
    name, cfg = name_and_config
    write_fashion_mnist(tmp_path / 'data', per_class=4)
    for dataset in (cfg.train_dataloader.dataset.dataset,
                    cfg.val_dataloader.dataset, cfg.test_dataloader.dataset):
        dataset.data_root = str(tmp_path / 'data')
    cfg.merge_from_dict({
        'train_dataloader.dataset.counts': [3] * 10,
        'train_cfg.max_epochs': 1,
        'default_hooks.checkpoint': None,
        'work_dir': str(tmp_path / 'run'),
        'experiment_name': uuid.uuid4().hex,
    })
    Runner.from_cfg(cfg).train()
    first, last = (
        json.loads(
            (tmp_path / 'run' / 'geometry' / f'epoch_00{e}.json').read_text())
        for e in (0, 1))
    assert first['count'] == last['count'] == [3] * 10
    assert last['feature_dim'] == FEATURES[name]
    assert 'curvature' in last['correlation']
