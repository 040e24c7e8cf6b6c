# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What holds for all configs, and what a switch changes in each."""
import ast
import copy
import re

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.stages.config import stage_config
from tests.shipped_configs import (BALANCED, BASELINES, BASES, BUNDLED, CIFAR,
                                   CONFIGS, FACTOR, IMBALANCES, LARGE, METHODS,
                                   ROOT, TWINS, changed_keys, load, loaded,
                                   names_of, read)
from .rates import learning_rates

BASE_FILES = sorted((ROOT / BASES).glob('**/*.py'))
WITH_TWINS = [
    'bbn', 'cb_focal', 'ce', 'focal', 'gcl', 'lade', 'ldam_drw', 'ride',
    'ride_cmo', 'tde'
]
# What is tested on, where it is not called test.
TESTED = {'mmcurv.INaturalist2018': 'val', 'ImageNet': 'val'}
HEAD = {'model.head.type', 'model.head.loss', 'model.head.init_cfg'}
EXPERTS = HEAD | {
    'model.backbone', 'model.head.in_channels', 'model.head.num_experts',
    'default_hooks.reweighting'
}
TWO_BRANCHES = {'model.backbone', 'model.head.in_channels'}
# What a config changes against cross-entropy on the same data.
METHOD_KEYS = dict(
    focal={'model.head.loss'},
    cb_focal={
        'model.head.loss', 'model.head.init_cfg', 'optim_wrapper.paramwise_cfg'
    },
    ldam=HEAD,
    ldam_drw=HEAD | {'default_hooks.reweighting'},
    balanced_softmax={'model.head.loss'},
    lade=TWO_BRANCHES | {'model.head.loss'},
    gcl=HEAD | {'default_hooks.mixup'},
    tde=TWO_BRANCHES
    | {'model.head.type', 'model.head.alpha', 'model.head.init_cfg'},
    bbn=TWO_BRANCHES | {
        'model.type', 'model.head.type', 'model.head.init_cfg',
        'default_hooks.second_batch'
    },
    mbj={
        'model.head.type', 'model.head.memory_size', 'model.head.rho',
        'model.head.memory_weight'
    },
    ce_cmo={'model.head.type', 'default_hooks.cmo'},
    ldam_drw_cmo=HEAD | {'default_hooks.reweighting', 'default_hooks.cmo'},
    ride=EXPERTS,
    ride_cmo=EXPERTS | {'default_hooks.cmo'},
    ride_ea=EXPERTS | {'stages'},
    crt={'stages'},
    lws={'stages'},
    tau_norm={'stages'},
    disalign={'stages'},
    gcl_stage2=HEAD | {'default_hooks.mixup', 'stages'},
    mislas={'model.head.type', 'default_hooks.mixup', 'stages'},
    dive={
        'model.type', 'model.teacher', 'model.alpha', 'model.temperature',
        'model.power', 'model.head.loss', 'stages'
    },
    paco={
        'model.type', 'model.queue_size', 'model.feature_dim',
        'model.momentum', 'model.head.loss', 'train_dataloader.drop_last',
        'train_dataloader.dataset'
    },
    ofa={
        'model.type', 'model.augment', 'model.num_fused',
        'model.num_confusing', 'stages'
    })
# What the recipe of a method's own code may change besides.
RECIPE_KEYS = {
    'optim_wrapper.optimizer', 'param_scheduler', 'auto_scale_lr', 'train_cfg',
    'train_dataloader.batch_size', 'train_dataloader.drop_last',
    'train_dataloader.dataset.pipeline',
    'train_dataloader.dataset.dataset.pipeline', 'data_preprocessor.mean',
    'data_preprocessor.std', 'model.head.horizon_share', 'stages'
}
# How a network of the large sets starts, where its code differs.
START_KEYS = {
    'model.backbone.init_cfg', 'model.backbone.zero_init_residual',
    'model.head.init_cfg'
}
# Methods whose code leaves the classifier as PyTorch initializes it.
PYTORCH_START = ('balanced_softmax', 'dive', 'lade', 'paco')
DATA_KEYS = {
    'data_preprocessor.num_classes', 'model.head.num_classes',
    'train_dataloader.dataset.dataset.type',
    'train_dataloader.dataset.dataset.data_root',
    'val_dataloader.dataset.type', 'val_dataloader.dataset.data_root',
    'test_dataloader.dataset.type', 'test_dataloader.dataset.data_root'
}
# Constants that differ between CIFAR-10-LT and CIFAR-100-LT.
DATA_CONSTANTS = dict(
    balanced_softmax={'train_cfg.max_epochs', 'param_scheduler'},
    cb_focal={'model.head.init_cfg.bias_prob'},
    mislas={'stages'},
    ride={'model.head.loss.diversity'},
    ride_ea={'stages'},
    tde={'model.head.alpha'})
DATA_CONSTANTS['ride_cmo'] = DATA_CONSTANTS['ride']
DATA_CONSTANTS['ride_ea'] = DATA_CONSTANTS['ride'] | {'stages'}


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def method_keys(path):
    """What the config of a method other than cross-entropy may change."""
    keys = METHOD_KEYS[path.parent.name]
    if 'distill' in path.stem:
        keys = keys | {
            'model.type', 'model.teacher', 'model.temperature',
            'model.times_experts', 'stages'
        }
    if path in CIFAR and path.parent.name in PYTORCH_START:
        keys = keys | {'model.head.init_cfg'}
    return keys


def outside(changed, allowed):
    """Changed keys that lie neither at nor below an allowed one."""
    return {
        key
        for key in changed
        if not any(f'{key}.'.startswith(f'{one}.') for one in allowed)
    }


def test_there_are_few_configs_and_each_says_what_it_is():
    files = [*ROOT.glob('configs/**/*.py')]
    assert len(files) <= 150
    wrong = []
    for path in files:
        licence, first = path.read_text().split('\n')[:2]
        if not (licence.startswith('# Copyright') and first.startswith('# ')):
            wrong.append(path)
    assert not wrong


def test_name_of_a_config_begins_with_its_method_and_is_its_own():
    assert len({*names_of(CONFIGS)}) == len(CONFIGS)
    assert [
        path for path in CONFIGS
        if not path.stem.startswith(f'{path.parent.name}_')
    ] == []


def test_every_method_has_a_config_for_cifar_and_one_without_download():
    assert {path.parent.name for path in CIFAR} == {*METHODS}
    assert {path.parent.name for path in BUNDLED} == {*METHODS}
    for path in CIFAR:
        train = read(path).train_dataloader.dataset
        assert (train.type, train.imbalance_factor,
                train.seed) == ('mmcurv.LongTailed', 100, 0), path
        assert train.dataset.type == 'CIFAR100', path
    for path in BUNDLED:
        cfg = read(path)
        assert cfg.train_dataloader.dataset.type == 'mmcurv.FashionMini', path
        depth = int(re.search(r'resnet(\d+)_', path.stem)[1])
        assert cfg.model.backbone.depth == depth, path


def test_twins_of_the_paper_are_two_bases_and_what_cr_adds():
    expected = {
        f'{path.stem}_cr'
        for path in CIFAR + BUNDLED
        if path.parent.name in WITH_TWINS and 'distill' not in path.stem
    }
    assert {*names_of(TWINS)} == expected
    for path in TWINS:
        statement, = ast.parse(path.read_text()).body
        plain = path.stem.removesuffix('_cr')
        assert ast.literal_eval(
            statement.value) == [f'./{plain}.py', '../_base_/curvature.py']
        by_switch = load(plain, cr=True).to_dict()
        twin = merged_config(str(path)).to_dict()
        by_switch.pop('switches')
        assert twin == by_switch, path


def test_cr_adds_one_hook_and_nothing_else():
    for path in BASELINES:
        plain, with_cr = load(path.stem), load(path.stem, cr=True)
        assert changed_keys(plain, with_cr) == {'custom_hooks'}, path
        hook, = with_cr.custom_hooks
        large = path in LARGE or path.stem == 'ce_resnet50_imagenet'
        expected = dict(type='mmcurv.FeaturePoolHook')
        if large:
            expected.update(tau_share=0.6, pool=dict(dtype='float16'))
        assert hook == expected, path


def test_every_file_of_base_is_used_or_named_as_a_switch():
    texts = [path.read_text() for path in ROOT.glob('configs/**/*.py')]
    documents = [path.read_text() for path in ROOT.glob('configs/**/*.md')]
    networks = (ROOT / 'docs/backbones.md').read_text()
    unused = []
    for path in BASE_FILES:
        name = path.relative_to(ROOT / 'configs').as_posix()
        as_base = any(
            re.search(rf"['/]{re.escape(path.name)}'", text) for text in texts)
        network = re.sub(r'_(32|224)$', '', path.stem)  # of docs/backbones.md
        if not (as_base or any(name in text for text in documents)
                or f'`{network}`' in networks):
            unused.append(name)
    assert not unused


def test_map_and_index_name_every_config_and_method():
    text = (ROOT / 'configs/README.md').read_text()
    missing = [
        path.name for path in CONFIGS
        if f'{path.parent.name}/{path.name}' not in text
    ]
    assert not missing


def test_only_the_training_set_is_thinned_and_no_counts_are_written():
    for path in CONFIGS:
        cfg = read(path)
        for loader in (cfg.val_dataloader, cfg.test_dataloader):
            dataset = loaded(loader.dataset)
            assert dataset.type != 'mmcurv.LongTailed', path
            assert dataset.split == TESTED.get(dataset.type, 'test'), path
        assert not re.search(r"'(\w*counts|class_weight)': [\[(]",
                             str(cfg.to_dict())), path


def test_loss_and_objective_are_logged_as_means_of_the_same_steps():
    for path in CONFIGS:
        pattern = read(path).log_processor.mean_pattern
        for name in ('train/loss', 'train/loss_curvature', 'train/objective'):
            assert re.match(pattern, name), path


def test_method_changes_its_own_keys_and_at_most_its_recipe():
    plain = {
        'cifar100-lt-if100': 'ce_resnet32_cifar100-lt-if100',
        'fashion-mini-if100': 'ce_resnet8_fashion-mini-if100'
    }
    for path in CIFAR + BUNDLED:
        method = path.parent.name
        if method == 'ce':
            continue
        data = path.stem.rpartition('_')[2]
        changed = changed_keys(
            read(path), read(ROOT / f'configs/ce/{plain[data]}.py'))
        recipe = RECIPE_KEYS if path in CIFAR else set()
        assert not outside(changed, method_keys(path) | recipe), path
        for key in method_keys(path):
            assert any(f'{one}.'.startswith(f'{key}.')
                       for one in changed), (path, key)


def test_method_changes_its_own_keys_on_large_sets():
    for path in LARGE:
        method = path.parent.name
        paper = path.stem.endswith('_paper')
        network = 'resnext50' if 'imagenet' in path.stem else 'resnet50'
        data = 'imagenet-lt' if 'imagenet' in path.stem else 'inaturalist2018'
        other = load(f'ce_{network}_{data}', recipe='paper')
        allowed = {} if method == 'ce' else METHOD_KEYS[method]
        if not paper:
            allowed = {*allowed} | RECIPE_KEYS | START_KEYS
        assert not outside(changed_keys(read(path), other), allowed), path


def test_common_recipe_leaves_the_method_alone():
    plain = load('ce')
    for path in CIFAR:
        if path.parent.name != 'ce':
            changed = changed_keys(load(path.stem, recipe='common'), plain)
            assert not outside(changed, method_keys(path)), path


def test_cifar10_changes_the_data_and_the_constants_of_the_data():
    for method in METHODS:
        changed = changed_keys(load(method, 'cifar10'), load(method))
        allowed = DATA_KEYS | DATA_CONSTANTS.get(method, set())
        assert not outside(changed, allowed), method
        assert changed >= DATA_KEYS, method
        for key in DATA_CONSTANTS.get(method, ()):
            assert any(f'{one}.'.startswith(f'{key}.')
                       for one in changed), (method, key)


def test_imbalance_changes_one_number_but_for_two_recipes():
    dependent = dict(
        balanced_softmax={'train_cfg.max_epochs', 'param_scheduler'},
        mislas={'stages'})
    for method in METHODS:
        for data in ('cifar10', 'cifar100'):
            for factor in IMBALANCES:
                cfg = load(method, data, factor=factor)
                assert cfg.train_dataloader.dataset.imbalance_factor == factor
                changed = changed_keys(cfg, load(method, data))
                allowed = {FACTOR} | dependent.get(method, set())
                assert not outside(changed, allowed), (method, data, factor)


def test_twenty_epochs_are_the_whole_method():
    """Rates warm up, drop and end; stages are short; nothing starts late."""
    for path in CIFAR + LARGE + BALANCED:
        cfg = merged_config(str(path), {'train_cfg.max_epochs': 20})
        written = read(path)
        rates = learning_rates(cfg, iterations=40)
        assert len(rates) == 20
        top = max(learning_rates(written, iterations=40))
        # PaCo's cosine begins below the rate that its warm-up ends with.
        assert max(rates) == pytest.approx(top, rel=0.12), path
        assert rates[-1] < 0.12 * top, path
        for i, stage in enumerate(cfg.get('stages') or []):
            own = stage_config(cfg, i)
            epochs = own.train_cfg.get('max_epochs')
            assert epochs is None or 1 <= epochs <= 20, (path, stage.name)
        assert not re.search(r'(start_epoch|temperature_start|begin_epoch)',
                             str(written.model) + str(written.default_hooks))


SETS = ('cifar10_lt', 'cifar100_folder', 'fashion_lt', 'cifar100_lt_in_memory')


@pytest.mark.parametrize('name', SETS)
def test_data_set_goes_onto_every_method_of_cifar(name):
    channels = 1 if name == 'fashion_lt' else 3
    for path in CIFAR:
        cfg = merged_config(
            str(path), with_files=[f'{BASES}datasets/{name}.py'])
        classes = cfg.data_preprocessor.num_classes
        assert cfg.model.head.num_classes == classes
        assert len(cfg.data_preprocessor.mean) == channels
        assert cfg.model.backbone.get('in_channels', 3) == channels, path


def test_images_from_memory_are_those_of_the_pipeline():
    cfg = merged_config(
        str(ROOT / 'configs/ce/ce_resnet32_cifar100-lt-if100.py'),
        with_files=[f'{BASES}datasets/cifar100_lt_in_memory.py']).to_dict()
    plain = load('ce').to_dict()
    augment = [
        dict(one, type=one['type'].replace('Batch', ''))
        for one in cfg['data_preprocessor']['augment']
    ]
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        kept = cfg[name]['dataset']
        assert kept['type'] == 'mmcurv.InMemoryDataset'
        assert cfg[name]['collate_fn']['type'] == 'mmcurv.image_batch_collate'
        inner, expected = kept['dataset'], plain[name]['dataset']
        while 'dataset' in inner:
            assert {**inner, 'dataset': 0} == {**expected, 'dataset': 0}
            inner, expected = inner['dataset'], expected['dataset']
        pipeline = inner['pipeline']
        if name == 'train_dataloader':
            pipeline = [*augment, *pipeline]
        assert {**inner, 'pipeline': pipeline} == expected


def test_models_build_and_features_fit_their_classifier():
    for path in BUNDLED + CIFAR:
        cfg = copy.deepcopy(read(path))  # mmpretrain adds defaults to it
        model = MODELS.build(
            dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
        channels = len(cfg.data_preprocessor.mean)
        features = model.extract_feat(torch.zeros(2, channels, 28, 28))[-1]
        experts = 'num_experts' in cfg.model.head
        layer = model.get_submodule('head.fcs.0' if experts else 'head.fc')
        assert features.shape == (2, layer.in_features), path
        assert layer.out_features == cfg.data_preprocessor.num_classes, path


def test_every_mbj_file_says_that_it_is_our_reading():
    folder = ROOT / 'configs' / 'mbj'
    for path in [*folder.glob('*.py'), *folder.glob('*.[my][da]*')]:
        assert 'our reading' in path.read_text(encoding='utf-8'), path
