# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import ast
import math
import re
import uuid
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import (DATASETS, MODELS, PARAM_SCHEDULERS,
                               init_default_scope)
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR10, CIFAR100

from tests.real_formats import (write_cifar, write_class_folders,
                                write_fashion_mnist)

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / 'configs').glob('ce/*.py'))
TWINS = [path for path in CONFIGS if path.stem.endswith('_cr')]
BASELINES = [path for path in CONFIGS if path not in TWINS]
FULL_SETS = [('cifar10-lt', 'CIFAR10'), ('cifar100-lt', 'CIFAR100'),
             ('fashion-lt', 'mmcurv.FashionMNIST')]
IMBALANCES = [200, 100, 50, 10]
# One config of each family of data, each with its twin.
FAMILIES = [
    'ce_resnet20_fashion-mini-if100', 'ce_resnet32_fashion-lt-if100',
    'ce_resnet32_cifar10-lt-if100', 'ce_resnet32_cifar100-lt-if100',
    'ce_resnet32_cifar100-folder-if50'
]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@pytest.fixture(scope='module')
def data_folder(tmp_path_factory):
    """A ``data`` folder as the configs expect it, with few random images."""
    folder = tmp_path_factory.mktemp('data')
    write_cifar(folder / 'cifar10', 10, per_class=12)
    write_cifar(folder / 'cifar100', 100, per_class=8)
    write_fashion_mnist(folder / 'fashion_mnist', per_class=12)
    write_class_folders(folder / 'cifar100_if10', 100, per_class=8)
    return folder


@pytest.fixture
def unsigned_cifar(monkeypatch):
    """Accept CIFAR files whose checksums are not the published ones."""
    for cls in (CIFAR10, CIFAR100):
        for name in ('train_list', 'test_list'):
            unsigned = [(file_name, None)
                        for file_name, _ in getattr(cls, name)]
            monkeypatch.setattr(cls, name, unsigned)


def load(name):
    return Config.fromfile(ROOT / 'configs' / 'ce' / f'{name}.py')


def use_tiny_data(cfg, data_folder):
    """Point every data set of a config at the tiny files."""
    train = cfg.train_dataloader.dataset
    if train.type == 'mmcurv.LongTailed':
        train.imbalance_factor = 2 if train.imbalance_factor > 2 else 1
        train = train.dataset
    for dataset in (train, cfg.val_dataloader.dataset,
                    cfg.test_dataloader.dataset):
        if dataset.type == 'mmcurv.FashionMini':
            every = len(DATASETS.build(dataset)) // 60
            dataset.indices = [i * every for i in range(60)]
        else:
            dataset.data_root = dataset.data_root.replace(
                'data/', f'{data_folder}/', 1)
    for loader in (cfg.train_dataloader, cfg.val_dataloader,
                   cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)


def names_of(paths):
    return [path.stem for path in paths]


def test_full_sets_have_the_four_imbalances_of_the_tables():
    expected = {
        f'ce_resnet32_{data}-if{factor}'
        for data, _ in FULL_SETS
        for factor in IMBALANCES
    }
    assert expected | {'ce_resnet20_fashion-mini-if100'} <= {
        *names_of(BASELINES)
    }


def test_every_config_has_its_twin():
    expected = {f'{stem}_cr' for stem in names_of(BASELINES)}
    assert {*names_of(TWINS)} == expected


@pytest.mark.parametrize('path', TWINS, ids=names_of(TWINS))
def test_twin_differs_by_curvature_only(path):
    twin = Config.fromfile(path).to_dict()
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


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_tau_is_half_of_the_epochs(path):
    cfg = Config.fromfile(path)
    for hook in cfg.get('custom_hooks', []):
        assert hook.loss.tau == cfg.train_cfg.max_epochs / 2
        assert hook.curvature.k == 40
        assert hook.start_epoch == 6


@pytest.mark.parametrize('data, dataset_type', FULL_SETS)
@pytest.mark.parametrize('factor', IMBALANCES)
def test_name_tells_data_and_imbalance(data, dataset_type, factor):
    train = load(f'ce_resnet32_{data}-if{factor}').train_dataloader.dataset
    assert train.type == 'mmcurv.LongTailed'
    assert train.imbalance_factor == factor
    assert train.seed == 0
    assert train.dataset.type == dataset_type
    assert train.dataset.split == 'train'


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_only_the_training_set_is_thinned(path):
    cfg = Config.fromfile(path)
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.type != 'mmcurv.LongTailed'
        assert loader.dataset.get('split') == 'test' or (
            loader.dataset.data_root.endswith('/test'))


@pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])
def test_both_cifar_sets_are_normalised_as_in_the_literature(data):
    preprocessor = load(f'ce_resnet32_{data}-if100').data_preprocessor
    mean = [value / 255 for value in preprocessor.mean]
    std = [value / 255 for value in preprocessor.std]
    assert mean == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-6)
    assert std == pytest.approx([0.2023, 0.1994, 0.2010], abs=1e-6)


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_config_builds_a_classifier_whose_layer_the_hook_finds(path):
    cfg = Config.fromfile(path)
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    channels = len(cfg.data_preprocessor.mean)
    features = model.extract_feat(torch.zeros(2, channels, 28, 28))[-1]
    classifier = model.get_submodule('head.fc')
    assert features.shape == (2, classifier.in_features)
    assert classifier.out_features == cfg.data_preprocessor.num_classes
    for hook in cfg.get('custom_hooks', []):
        assert hook.layer == 'head.fc'


@pytest.mark.parametrize('num_classes, parameters', [(10, 464154),
                                                     (100, 470004)])
def test_cifar_network_is_the_resnet_32_of_the_literature(
        num_classes, parameters):
    model = MODELS.build(load(f'ce_resnet32_cifar{num_classes}-lt-if50').model)
    assert sum(p.numel() for p in model.parameters()) == parameters


def learning_rates(cfg, iterations):
    """Rate in the middle of every epoch of ``iterations`` steps."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = cfg.optim_wrapper.optimizer
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=optimizer.lr))
    schedulers = []
    for scheduler in cfg.param_scheduler:
        default = dict(optimizer=wrapper, epoch_length=iterations)
        build = PARAM_SCHEDULERS.get(scheduler.type)
        if scheduler.get('convert_to_iter_based'):
            build = build.build_iter_from_epoch
        else:
            default.pop('epoch_length')
        kwargs = {
            k: v
            for k, v in scheduler.items()
            if k not in ('type', 'convert_to_iter_based')
        }
        schedulers.append(build(**kwargs, **default))
    rates = []
    wrapper.step()
    for _ in range(cfg.train_cfg.max_epochs):
        for i in range(iterations):
            if i == iterations // 2:
                rates.append(wrapper.get_lr()['lr'][0])
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()
    return rates


@pytest.mark.parametrize('data, _', FULL_SETS)
def test_recipe_is_that_of_the_literature(data, _):
    cfg = load(f'ce_resnet32_{data}-if100')
    rates = learning_rates(cfg, iterations=2)
    expected = [0.02, 0.04, 0.06, 0.08] + [0.1] * 156
    expected += [1e-3] * 20 + [1e-5] * 20
    assert rates == pytest.approx(expected)
    assert cfg.train_dataloader.batch_size == 128
    assert cfg.optim_wrapper.optimizer.momentum == 0.9
    assert cfg.optim_wrapper.optimizer.weight_decay == 2e-4


def test_short_recipe_is_a_tenth_of_the_long_one():
    rates = learning_rates(load(FAMILIES[0]), iterations=100)
    assert rates[0] == pytest.approx(0.06, rel=0.05)  # middle of the warm-up
    assert rates[1:] == pytest.approx([0.1] * 15 + [1e-3] * 2 + [1e-5] * 2)


@pytest.mark.parametrize('name', FAMILIES)
def test_datasets_of_a_family_build_and_yield_images(name, data_folder,
                                                     unsigned_cifar):
    cfg = load(name)
    use_tiny_data(cfg, data_folder)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        item = DATASETS.build(loader.dataset)[0]
        channels = len(cfg.data_preprocessor.mean)
        size = 28 if channels == 1 else 32
        assert item['inputs'].shape == (channels, size, size)
        assert item['inputs'].dtype == torch.uint8
        assert item['data_samples'].gt_label.numel() == 1


@pytest.mark.parametrize('name', FAMILIES)
@pytest.mark.parametrize('suffix', ['', '_cr'], ids=['ce', 'cr'])
def test_family_trains_and_validates(name, suffix, data_folder, tmp_path,
                                     unsigned_cifar):
    cfg = load(name + suffix)
    use_tiny_data(cfg, data_folder)
    cfg.merge_from_dict({
        'model.backbone.depth': 8,
        'model.backbone.base_channels': 4,
        'model.head.in_channels': 16,
        'train_cfg.max_epochs': 2,
        'work_dir': str(tmp_path),
        'experiment_name': uuid.uuid4().hex,
    })
    if suffix:
        cfg.merge_from_dict({'custom_hooks.0.start_epoch': 2})
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars['train/loss'].current())
    assert 0 <= scalars['val/accuracy/top1'].current() <= 100
    assert 0 <= scalars['val/fairness/class_mean'].current() <= 100
    assert ('train/loss_curvature' in scalars) == bool(suffix)
    if suffix:
        total, loss, curvature = (
            scalars[f'train/{name}'].current()
            for name in ('objective', 'loss', 'loss_curvature'))
        assert curvature > 0
        assert total == pytest.approx(loss + curvature, rel=1e-5)
    assert (tmp_path / 'epoch_2.pth').is_file()
    assert list(tmp_path.glob('*/vis_data/events.out.tfevents.*'))


@pytest.mark.parametrize('path', CONFIGS, ids=names_of(CONFIGS))
def test_loss_and_objective_are_logged_as_means_of_the_same_steps(path):
    pattern = Config.fromfile(path).log_processor.mean_pattern
    for name in ('train/loss', 'train/loss_curvature', 'train/objective'):
        assert re.match(pattern, name)


def test_index_names_every_config():
    with open(ROOT / 'configs' / 'ce' / 'metafile.yml') as f:
        models = yaml.safe_load(f)['Models']
    assert {model['Config']
            for model in models
            } == {path.relative_to(ROOT).as_posix()
                  for path in CONFIGS}
    for model in models:
        assert Path(model['Config']).stem == model['Name']
