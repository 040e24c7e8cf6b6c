# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The configs of Tables 3, 4 and 5: what they share, and what they do not."""
import copy

import pytest
from mmengine.registry import init_default_scope

from mmcurv.benchmark.matrices.broken_configs import meta_model
from mmcurv.engine.stages.stage_config import stage_config
from tests.shipped_configs import (BALANCED, LARGE, LARGE_SETS, TWINS, load,
                                   names_of, read)
from tests.test_method_configs import METHOD_KEYS, changed_keys, check_keys

PLAIN = [path for path in LARGE if path not in TWINS]
PAPER = [path for path in PLAIN if path.stem.endswith('_paper')]
OWN = [path for path in PLAIN if path not in PAPER]
BALANCED_PLAIN = [path for path in BALANCED if path not in TWINS]
METHODS = [
    'bbn', 'ce', 'disalign', 'dive', 'focal', 'gcl_stage2', 'lade', 'ldam',
    'ldam_drw', 'mbj', 'mislas', 'ofa', 'paco', 'ride', 'ride_cmo'
]
# What a method changes here, where it is not what it changes on CIFAR.
LARGE_KEYS = dict(
    METHOD_KEYS,
    lade={'model.head.loss'},
    paco={
        'model.type', 'model.queue_size', 'model.feature_dim',
        'model.momentum', 'model.head.loss', 'default_hooks.key_queue',
        'train_dataloader.drop_last', 'train_dataloader.dataset.pipeline',
        'train_pipeline', 'rand_view', 'stacked_view', 'second_view'
    })
# What the recipe of a method's own code may change.
RECIPE_KEYS = ('optim_wrapper.optimizer', 'param_scheduler', 'auto_scale_lr',
               'train_cfg', 'train_dataloader.batch_size',
               'train_dataloader.drop_last',
               'train_dataloader.dataset.pipeline', 'train_pipeline',
               'data_preprocessor', 'model.head.horizon',
               'model.head.loss.temperature_start',
               'default_hooks.reweighting.start_epoch', 'stages')


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def data_of(path):
    return next(data for data in LARGE_SETS if f'_{data}' in path.stem)


@pytest.mark.parametrize('data, network', LARGE_SETS.items())
def test_every_method_has_the_recipe_of_the_paper(data, network):
    expected = {f'{method}_{network}_{data}_paper' for method in METHODS}
    found = {path.stem for path in PAPER if f'_{data}' in path.stem}
    assert found == expected


@pytest.mark.parametrize('path', PAPER, ids=names_of(PAPER))
def test_method_changes_its_own_keys_and_nothing_else(path):
    method, data = path.parent.name, data_of(path)
    if method == 'ce':
        return
    other = load(f'ce_{LARGE_SETS[data]}_{data}_paper')
    check_keys(changed_keys(read(path), other), LARGE_KEYS[method])


@pytest.mark.parametrize('path', OWN, ids=names_of(OWN))
def test_own_recipe_is_a_recipe_and_nothing_else(path):
    changed = changed_keys(read(path), load(f'{path.stem}_paper'))
    assert changed
    for key in changed:
        assert any(f'{key}.'.startswith(f'{known}.') for known in RECIPE_KEYS)


@pytest.mark.parametrize('path', PLAIN, ids=names_of(PLAIN))
def test_batches_are_those_of_eight_gpus_in_every_stage(path):
    cfg = read(path)
    stages = [stage_config(cfg, i) for i in range(len(cfg.get('stages', [])))]
    for stage in stages or [cfg]:
        total = stage.auto_scale_lr.base_batch_size
        assert 8 * stage.train_dataloader.batch_size == total


@pytest.mark.parametrize('path', LARGE, ids=names_of(LARGE))
def test_data_and_classes_are_those_of_the_name(path):
    cfg = read(path)
    imagenet = 'imagenet-lt' in path.stem
    train, test = (
        loader.dataset
        for loader in (cfg.train_dataloader, cfg.test_dataloader))
    assert train.type == test.type == ('mmcurv.ImageNetLT' if imagenet else
                                       'mmcurv.INaturalist2018')
    assert (train.split, test.split) == ('train',
                                         'test' if imagenet else 'val')
    assert cfg.val_dataloader == cfg.test_dataloader
    classes = 1000 if imagenet else 8142
    assert cfg.data_preprocessor.num_classes == classes
    assert cfg.model.head.num_classes == classes


@pytest.mark.parametrize(
    'path', LARGE + BALANCED, ids=names_of(LARGE + BALANCED))
def test_the_epochs_end_with_an_evaluation(path):
    cfg = read(path)
    assert cfg.train_cfg.max_epochs % cfg.train_cfg.val_interval == 0


LARGE_TWINS = [
    path for path in TWINS if path in LARGE or '_imagenet' in path.stem
]


@pytest.mark.parametrize('path', LARGE_TWINS, ids=names_of(LARGE_TWINS))
def test_pool_of_a_large_set_is_halved_and_divided(path):
    hook, = read(path).custom_hooks
    assert hook.pool == dict(
        dtype='float16', layout='sharded', max_per_class=None, device=None)


@pytest.mark.parametrize(
    'path', PLAIN + BALANCED_PLAIN, ids=names_of(PLAIN + BALANCED_PLAIN))
def test_model_builds_with_the_layer_that_is_measured(path):
    cfg = copy.deepcopy(read(path))
    model = meta_model(cfg)
    model.get_submodule(cfg.default_hooks.geometry.layer)
    assert all(p.is_meta for p in model.parameters())


@pytest.mark.parametrize('name, parameters', [
    ('ce_resnext50_imagenet-lt_paper', 25028904),
    ('ce_resnet50_inaturalist2018_paper', 23508032 + 2049 * 8142),
    ('bbn_resnet50_inaturalist2018_paper', 23508032 + 4462592 + 4097 * 8142),
])
def test_network_has_the_published_size(name, parameters):
    model = meta_model(copy.deepcopy(load(name)))
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize('name, experts', [
    ('ride_resnext50_imagenet-lt_paper', 4),
    ('ride_cmo_resnet50_inaturalist2018_paper', 3),
])
def test_experts_have_three_quarters_of_the_features(name, experts):
    model = meta_model(copy.deepcopy(load(name)))
    assert [fc.weight.shape[1] for fc in model.head.fcs] == [1536] * experts
    assert model.backbone.feat_dim == 1536


def test_eight_networks_have_both_sets_of_table_5():
    networks = [
        'bn_inception', 'densenet201', 'resnet18', 'resnet34', 'resnet50',
        'resnext101', 'se_resnet50', 'vgg16'
    ]
    expected = {
        f'ce_{network}_{data}'
        for network in networks
        for data in ('cifar100', 'imagenet')
    }
    adam = {f'ce_resnet18_{data}_adam' for data in ('cifar100', 'imagenet')}
    assert {*names_of(BALANCED_PLAIN)} == expected | adam


@pytest.mark.parametrize('path', BALANCED, ids=names_of(BALANCED))
def test_table_5_trains_on_all_images_of_its_data(path):
    cfg = read(path)
    classes, kind = ((1000, 'ImageNet') if '_imagenet' in path.stem else
                     (100, 'CIFAR100'))
    train = cfg.train_dataloader.dataset
    assert (train.type, train.split) == (kind, 'train')
    assert cfg.data_preprocessor.num_classes == classes
    assert cfg.model.head.num_classes == classes


@pytest.mark.parametrize('path', BALANCED_PLAIN, ids=names_of(BALANCED_PLAIN))
def test_networks_of_table_5_differ_by_their_networks(path):
    data = 'imagenet' if '_imagenet' in path.stem else 'cifar100'
    changed = changed_keys(read(path), load(f'ce_resnet18_{data}'))
    if path.stem.endswith('_adam'):
        check_keys(changed, {'optim_wrapper.optimizer'})
        return
    allowed = ('model.backbone', 'model.neck', 'model.head.in_channels')
    if path.stem == 'ce_vgg16_imagenet':  # it bears no more
        assert read(path).optim_wrapper.optimizer.lr == 0.01
        changed.discard('optim_wrapper.optimizer.lr')
    assert {key for key in changed if not key.startswith(allowed)} == set()
