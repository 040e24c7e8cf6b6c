# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What each method is made of on each set, whole and alone, and by whom runs
are judged."""
import json
import uuid

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.stages.config import stage_config
from tests.real_formats import write_fashion_mnist
from tests.shipped_configs import (BALANCED, BASELINES, BASES, BUNDLED, LARGE,
                                   METHODS, ROOT, changed_keys, load, read)
from .test_claims import METHOD_KEYS, PYTORCH_START, START_KEYS, outside

GEOMETRY = str(ROOT / 'configs/geometry/resnet18_cifar10.py')
# Three numbers against one gray channel make three equal channels.
GRAY = {
    'data_preprocessor.mean': [72.94] * 3,
    'data_preprocessor.std': [90.021] * 3
}
# Where a method changes something else on large sets than on CIFAR.
LARGE_KEYS = dict(
    METHOD_KEYS,
    ce=set(),
    lade={'model.head.loss'},
    paco=METHOD_KEYS['paco'] - {'train_dataloader.dataset'}
    | {'train_dataloader.dataset.pipeline'})


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def unlike(changed, expected):
    """Changes that are not expected, and expected ones that are not there."""
    return {
        key
        for key in changed if not any(f'{key}.'.startswith(f'{one}.')
                                      for one in expected)
    } | {
        one
        for one in expected if not any(f'{key}.'.startswith(f'{one}.')
                                       for key in changed)
    }


def test_large_set_is_that_of_the_name():
    sets = {
        'imagenet-lt': ('mmcurv.ImageNetLT', 'test', 1000),
        'inaturalist2018': ('mmcurv.INaturalist2018', 'val', 8142),
    }
    wrong = []
    for path in LARGE:
        cfg = read(path)
        kind, split, classes = next(sets[data] for data in sets
                                    if f'_{data}' in path.stem)
        train, test = (
            loader.dataset
            for loader in (cfg.train_dataloader, cfg.test_dataloader))
        found = (train.type, train.split, test.type, test.split,
                 cfg.data_preprocessor.num_classes, cfg.model.head.num_classes)
        if found != (kind, 'train', kind, split, classes, classes):
            wrong.append((path.stem, found))
    assert wrong == []


def test_evaluations_and_the_final_test_are_of_one_set():
    assert [
        path.stem for path in BASELINES
        if read(path).val_dataloader != read(path).test_dataloader
        or read(path).val_evaluator != read(path).test_evaluator
    ] == []


def test_recipe_of_the_paper_leaves_the_method_whole_and_alone():
    wrong = {}
    for path in LARGE:
        method, imagenet = path.parent.name, 'imagenet' in path.stem
        other = load(
            'ce_resnext50_imagenet-lt'
            if imagenet else 'ce_resnet50_inaturalist2018',
            recipe='paper')
        paper = '' if path.stem.endswith('_paper') else 'paper'
        changed = changed_keys(load(path.stem, recipe=paper), other)
        changed -= {'model.head.horizon_share'}  # 1, as without
        if method == 'disalign':  # its network starts as in its own code
            changed = outside(changed, START_KEYS)
        # All classifiers start as PyTorch has them.
        found = unlike(changed, LARGE_KEYS[method] - {'model.head.init_cfg'})
        if found:
            wrong[path.stem] = found
    assert wrong == {}


def test_common_recipe_leaves_the_method_whole_and_alone():
    wrong = {}
    for method in METHODS:
        changed = changed_keys(load(method, recipe='common'), load('ce'))
        keys = LARGE_KEYS['ce'] if method == 'ce' else METHOD_KEYS[method]
        if method in PYTORCH_START:
            keys = keys | {'model.head.init_cfg'}
        found = unlike(changed, keys)
        if found:
            wrong[method] = found
    assert wrong == {}


def test_experts_are_pushed_apart_by_the_published_weight():
    for path in BASELINES:
        if path.parent.name.startswith('ride'):
            model = read(path).model
            loss = model.head.loss
            pushed = -0.45 if 'cifar100' in path.stem else -0.2
            assert loss.get('diversity', -0.2) == pushed, path
            assert not loss.get('collaborative', False), path
            experts = 3 if 'cmo' in path.stem else 4
            assert (model.backbone.num_experts == model.head.num_experts ==
                    experts), path


def test_weights_come_when_the_rate_first_drops():
    for method in ('ldam_drw', 'ldam_drw_cmo', 'ride', 'ride_cmo'):
        cfg = load(method, recipe='common')
        assert cfg.default_hooks.reweighting == dict(
            type='mmcurv.DeferredReweightingHook'), method
        # The hook's own share is four fifths.
        drop = cfg.param_scheduler[1].milestones[0]
        assert drop / cfg.train_cfg.max_epochs == 0.8, method


def test_horizon_of_bbn_is_200_for_its_180_epochs():
    for path in BASELINES:
        if path.parent.name == 'bbn':
            cfg = read(path)
            epochs = cfg.train_cfg.max_epochs
            horizon = cfg.model.head.get('horizon_share', 1) * epochs
            assert horizon == pytest.approx(200 if epochs == 180 else epochs)


def test_protocol_is_one_for_all():
    wrong = []
    for path in BASELINES:
        cfg = read(path)
        hooks = cfg.default_hooks
        found = (hooks.run_record.main, hooks.run_record.selection_split,
                 hooks.checkpoint.save_best, hooks.checkpoint.max_keep_ckpts,
                 [metric.type for metric in cfg.val_evaluator])
        if found != ('last', 'test', 'accuracy/top1', 2,
                     ['Accuracy', 'mmcurv.ClassFairness']):
            wrong.append((path.stem, found))
    assert wrong == []


def test_bundled_images_have_the_constants_of_ten_classes():
    heads = {path.parent.name: read(path).model.head for path in BUNDLED}
    assert heads['cb_focal'].init_cfg.bias_prob == 0.1
    assert heads['tde'].alpha == 1
    assert heads['lade'].loss == load('lade').model.head.loss
    assert heads['focal'].loss == load('focal').model.head.loss
    for path in BUNDLED:
        method = path.parent.name
        if method in ('mislas', 'ride_ea'):
            ours = stage_config(read(path), 1).model.head
            theirs = stage_config(load(method, 'cifar10'), 1).model.head
            assert ours.loss == theirs.loss, method
            assert ours.get('top_logits') == theirs.get('top_logits'), method


def test_adam_is_that_of_the_words_of_the_paper():
    rates = {100: (0.1, 5e-3), 1000: (0.05, 5e-4)}
    for path in BALANCED:
        rate, decay = rates[read(path).model.head.num_classes]
        cfg = merged_config(
            str(path), {
                'optim_wrapper.optimizer.lr': rate,
                'optim_wrapper.optimizer.weight_decay': decay
            }, [f'{BASES}recipes/adam.py'])
        assert cfg.optim_wrapper.optimizer == dict(
            type='Adam', lr=rate, betas=(0.9, 0.999), weight_decay=decay)
        assert {
            key
            for key in changed_keys(cfg, read(path))
            if not key.startswith('optim_wrapper.optimizer.')
        } == set()


@pytest.mark.parametrize(
    'network, options', [((), {}), ((f'{BASES}models/vgg16_32.py', ), GRAY)],
    ids=['resnet18', 'vgg16'])
def test_geometry_takes_gray_images(network, options):
    cfg = merged_config(GEOMETRY, options,
                        [f'{BASES}datasets/fashion_lt.py', *network])
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    batch = model.data_preprocessor(
        dict(inputs=torch.zeros(2, 1, 28, 28, dtype=torch.uint8)))
    features = model.extract_feat(batch['inputs'])[-1]
    assert features.shape == (2, model.head.fc.in_features)


def test_geometry_is_recorded_before_training_and_after_it(tmp_path):
    write_fashion_mnist(tmp_path / 'data', per_class=4)
    cfg = merged_config(
        GEOMETRY, {
            'train_dataloader.dataset.imbalance_factor': None,
            'train_dataloader.dataset.counts': [3] * 10,
            'train_cfg.max_epochs': 1,
            'default_hooks.geometry.interval': 1,
            'model.backbone.base_channels': 8,
            'model.backbone.stem_channels': 8,
            'model.head.in_channels': 64,
        }, [f'{BASES}datasets/fashion_lt.py'])
    for dataset in (cfg.train_dataloader.dataset.dataset,
                    cfg.val_dataloader.dataset, cfg.test_dataloader.dataset):
        dataset.data_root = str(tmp_path / 'data')
    cfg.default_hooks.checkpoint = None
    cfg.merge_from_dict(
        dict(work_dir=str(tmp_path / 'run'), experiment_name=uuid.uuid4().hex))
    Runner.from_cfg(cfg).train()
    first, last = (
        json.loads((tmp_path / f'run/geometry/epoch_00{e}.json').read_text())
        for e in (0, 1))
    assert first['count'] == last['count'] == [3] * 10
    assert last['feature_dim'] == 64
    assert 'curvature' in last['correlation']
