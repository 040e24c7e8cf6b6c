# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import ast
import copy
import re

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

from tests.shipped_configs import (BALANCED, BASELINES, CONFIGS, FAMILIES,
                                   IMBALANCES, LARGE, METHODS, ROOT, TWINS,
                                   load, loaded, names_of, read)

CIFAR = [('cifar10-lt', 'CIFAR10'), ('cifar100-lt', 'CIFAR100')]
FULL_SETS = {
    method:
    CIFAR + ([('fashion-lt', 'mmcurv.FashionMNIST')] if method == 'ce' else [])
    for method in METHODS
}
LAYERS = dict(bbn='head.conventional')  # of CR, where it is not head.fc
# Tables 3 and 4 have these without CR.
PLAIN_ONLY = ('disalign', 'dive', 'gcl_stage2', 'mislas', 'ofa', 'paco')
# What is tested on, where it is not called test.
TESTED = {'mmcurv.INaturalist2018': 'val', 'ImageNet': 'val'}
CELLS = [(method, data, dataset_type, factor) for method in METHODS
         for data, dataset_type in FULL_SETS[method] for factor in IMBALANCES]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@pytest.mark.parametrize('method', METHODS)
def test_method_has_the_four_imbalances_of_the_tables(method):
    expected = {
        f'{method}_resnet32_{data}-if{factor}'
        for data, _ in FULL_SETS[method]
        for factor in IMBALANCES
    }
    assert expected <= {*names_of(BASELINES)}


@pytest.mark.parametrize('method', METHODS)
def test_method_has_a_config_without_download(method):
    depth = 14 if method in ('bbn', 'lade', 'tde') else 8
    cfg = load(f'{method}_resnet{depth}_fashion-mini-if100')
    assert cfg.model.backbone.depth == depth
    assert cfg.train_dataloader.dataset.type == 'mmcurv.FashionMini'
    assert cfg.train_dataloader.dataset.split == 'train'


def test_every_config_has_its_twin_but_the_baselines_of_large_sets():
    expected = {
        f'{path.stem}_cr'
        for path in BASELINES
        if path not in LARGE or path.parent.name not in PLAIN_ONLY
    }
    assert {*names_of(TWINS)} == expected


def test_name_of_a_config_begins_with_its_method_and_is_its_own():
    assert len({*names_of(CONFIGS)}) == len(CONFIGS)
    for path in CONFIGS:
        assert path.stem.startswith(f'{path.parent.name}_')


@pytest.mark.parametrize('path', TWINS, ids=names_of(TWINS))
def test_twin_differs_by_curvature_only(path):
    twin = read(path).to_dict()
    baseline = load(path.stem.removesuffix('_cr')).to_dict()
    (hook, ) = twin.pop('custom_hooks')
    assert hook['type'] == 'mmcurv.FeaturePoolHook'
    assert twin == baseline


@pytest.mark.parametrize('path', TWINS, ids=names_of(TWINS))
def test_twin_is_one_base_statement_with_curvature_added(path):
    (statement, ) = ast.parse(path.read_text()).body
    assert [target.id for target in statement.targets] == ['_base_']
    baseline, curvature = ast.literal_eval(statement.value)
    assert baseline == f"./{path.stem.removesuffix('_cr')}.py"
    assert re.fullmatch(r'\.\./_base_/curvature\w*\.py', curvature)


@pytest.mark.parametrize('path', TWINS, ids=names_of(TWINS))
def test_tau_is_half_of_the_epochs_and_on_large_sets_three_fifths(path):
    cfg = read(path)
    (hook, ) = cfg.custom_hooks
    large = path in LARGE or '_imagenet' in path.stem
    assert hook.loss.tau == cfg.train_cfg.max_epochs * (6 if large else 5) / 10
    assert hook.curvature.k == 40
    assert hook.start_epoch == 6


@pytest.mark.parametrize('path', TWINS, ids=names_of(TWINS))
def test_mixed_images_are_pooled_where_there_are_no_others(path):
    cfg = read(path)
    (hook, ) = cfg.custom_hooks
    always_mixed = 'mixup' in cfg.default_hooks or path in BALANCED
    assert hook.mixed == ('dominant' if always_mixed else 'skip')


@pytest.mark.parametrize('method, data, dataset_type, factor', CELLS)
def test_name_tells_data_and_imbalance(method, data, dataset_type, factor):
    cfg = load(f'{method}_resnet32_{data}-if{factor}')
    train = cfg.train_dataloader.dataset
    assert train.type == 'mmcurv.LongTailed'
    assert train.imbalance_factor == factor
    assert train.seed == 0
    assert train.dataset.type == dataset_type
    assert train.dataset.split == 'train'


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_only_the_training_set_is_thinned(path):
    cfg = read(path)
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        dataset = loaded(loader.dataset)
        kind = dataset.type
        assert kind != 'mmcurv.LongTailed'
        assert dataset.get('split') == TESTED.get(
            kind, 'test') or (dataset.data_root.endswith('/test'))


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_no_config_holds_class_counts(path):
    text = str(read(path).to_dict())
    assert not re.search(r"'(\w*counts|class_weight)': [\[(]", text)


@pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])
@pytest.mark.parametrize('method', METHODS)
def test_both_cifar_sets_are_normalised_as_in_the_literature(method, data):
    cfg = load(f'{method}_resnet32_{data}-if100')
    preprocessor = cfg.data_preprocessor
    mean = [value / 255 for value in preprocessor.mean]
    std = [value / 255 for value in preprocessor.std]
    assert mean == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-6)
    assert std == pytest.approx([0.2023, 0.1994, 0.2010], abs=1e-6)


@pytest.mark.parametrize('path', FAMILIES, ids=names_of(FAMILIES))
def test_config_builds_a_classifier_whose_layer_the_hook_finds(path):
    cfg = copy.deepcopy(read(path))  # mmpretrain adds defaults to it
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    channels = len(cfg.data_preprocessor.mean)
    features = model.extract_feat(torch.zeros(2, channels, 28, 28))[-1]
    experts = 'num_experts' in cfg.model.head
    classifier = model.get_submodule('head.fcs.0' if experts else 'head.fc')
    assert features.shape == (2, classifier.in_features)
    assert classifier.out_features == cfg.data_preprocessor.num_classes


@pytest.mark.parametrize('path', TWINS, ids=names_of(TWINS))
def test_curvature_is_that_of_the_layer_that_is_measured(path):
    cfg = read(path)
    (hook, ) = cfg.custom_hooks
    layer = LAYERS.get(path.parent.name, 'head.fc')
    measured = cfg.default_hooks.geometry.layer
    if 'num_experts' in cfg.model.head:  # together and one by one
        assert measured == 'head.all_features'
        assert hook.layer == [
            f'head.fcs.{k}' for k in range(cfg.model.head.num_experts)
        ]
    else:
        assert hook.layer == measured == layer


@pytest.mark.parametrize('name, parameters', [
    ('ce_resnet32_cifar10-lt-if50', 464154),
    ('ce_resnet32_cifar100-lt-if50', 470004),
    ('lade_resnet32_cifar10-lt-if50', 538778),
    ('lade_resnet32_cifar100-lt-if50', 550388),
    ('tde_resnet32_cifar10-lt-if50', 538778 - 10),
    ('bbn_resnet32_cifar10-lt-if50', 538778),
    ('bbn_resnet32_cifar100-lt-if50', 550388),
    ('ldam_resnet32_cifar100-lt-if50', 470004 - 100),
    ('ride_resnet32_cifar100-lt-if50', 1037200),
    ('ride_resnet32-3experts_cifar100-lt-if100', 783856),
])
def test_cifar_network_is_the_resnet_32_of_the_literature(name, parameters):
    model = MODELS.build(copy.deepcopy(load(name).model))
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_loss_and_objective_are_logged_as_means_of_the_same_steps(path):
    pattern = read(path).log_processor.mean_pattern
    for name in ('train/loss', 'train/loss_curvature', 'train/objective'):
        assert re.match(pattern, name)


def test_index_names_every_method_folder():
    assert {path.parent.name for path in CONFIGS} == {*METHODS}
    folders = {path.parent.name for path in ROOT.glob('configs/*/*_cr.py')}
    assert folders == {*METHODS}
