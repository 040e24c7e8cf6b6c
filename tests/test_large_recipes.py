# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Recipes and constants of the methods on large sets, as published."""
import math

import pytest
from mmengine.registry import init_default_scope

from mmcurv.engine.stages.stage_config import stage_config
from tests.shipped_configs import BALANCED, LARGE, TWINS, load, names_of, read
from tests.test_config_recipes import learning_rates

PLAIN = [path for path in LARGE if path not in TWINS]
PAPER = [path for path in PLAIN if path.stem.endswith('_paper')]
BALANCED_PLAIN = [path for path in BALANCED if path not in TWINS]
INATURALIST_PIXELS = ([0.466, 0.471, 0.380], [0.195, 0.194, 0.192])
IMAGENET_PIXELS = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def cosine(epochs):
    return [(1 + math.cos(math.pi * e / epochs)) / 2 for e in range(epochs)]


def steps(epochs, first, second, warm_up=0):
    """x 0.1 from epoch ``first`` on and x 0.01 from ``second`` on."""
    factors = [1.] * first + [0.1] * (second - first)
    factors += [0.01] * (epochs - second)
    for e in range(warm_up):
        factors[e] = (e + 1) / warm_up
    return factors


def paco(epochs=400, warm_up=10):
    span = epochs - warm_up + 1
    return [(e + 1) / warm_up if e < warm_up else
            (1 + math.cos(math.pi * (e - warm_up + 1) / span)) / 2
            for e in range(epochs)]


def linear(epochs):
    """In the second of two iterations of each epoch."""
    last = 2 * epochs - 1
    return [1 - (2 * e + 1) / last for e in range(epochs)]


# Batch, rate, decay, factors of the rate in each epoch.
OWN = {
    'ce_resnext50_imagenet-lt': (512, 0.2, 5e-4, cosine(90)),
    'ce_resnet50_inaturalist2018': (512, 0.2, 1e-4, cosine(90)),
    'ldam_drw_resnext50_imagenet-lt':
    (256, 0.1, 5e-4, steps(200, 120, 160, warm_up=5)),
    # Its scheduler is a step ahead.
    'bbn_resnet50_inaturalist2018': (128, 0.05, 1e-4, steps(180, 119, 159)),
    'lade_resnext50_imagenet-lt': (256, 0.05, 5e-4, cosine(180)),
    'lade_resnet50_inaturalist2018': (256, 0.1, 1e-4, cosine(200)),
    'ride_resnext50_imagenet-lt':
    (256, 0.1, 2e-4, steps(100, 60, 80, warm_up=5)),
    'ride_resnet50_inaturalist2018': (512, 0.2, 2e-4,
                                      steps(100, 60, 80, warm_up=5)),
    'ride_cmo_resnext50_imagenet-lt': (256, 0.1, 2e-4,
                                       steps(100, 60, 80, warm_up=5)),
    'ride_cmo_resnet50_inaturalist2018': (512, 0.2, 2e-4,
                                          steps(100, 60, 80, warm_up=5)),
    'disalign_resnext50_imagenet-lt': (256, 0.1, 5e-4, cosine(90)),
    'mislas_resnext50_imagenet-lt': (256, 0.1, 5e-4, cosine(180)),
    'mislas_resnet50_inaturalist2018': (256, 0.1, 1e-4, cosine(200)),
    'paco_resnext50_imagenet-lt': (128, 0.02, 5e-4, paco()),
    'paco_resnet50_inaturalist2018': (128, 0.02, 1e-4, paco()),
}
NESTEROV = ('bbn', 'ride', 'ride_cmo')


def check_recipe(cfg, batch, rate, decay, factors, nesterov=False):
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.momentum) == ('SGD', 0.9)
    assert optimizer.get('nesterov', False) == nesterov
    assert (optimizer.lr, optimizer.weight_decay) == (rate, decay)
    assert cfg.auto_scale_lr.base_batch_size == batch
    rates = [rate * factor for factor in factors]
    assert learning_rates(cfg, iterations=2) == pytest.approx(rates, abs=1e-12)


def test_own_recipes_are_all_known():
    assert {*names_of(PLAIN)} - {*names_of(PAPER)} == {*OWN}


@pytest.mark.parametrize('name', OWN)
def test_own_recipe_is_the_published_one(name):
    method = name.partition('_res')[0]
    check_recipe(load(name), *OWN[name], nesterov=method in NESTEROV)


@pytest.mark.parametrize('path', PAPER, ids=names_of(PAPER))
def test_recipe_of_the_paper_is_one_for_all_methods(path):
    batch = 256 if 'imagenet-lt' in path.stem else 512
    check_recipe(read(path), batch, 0.1, 5e-4, linear(200))


@pytest.mark.parametrize('path', BALANCED_PLAIN, ids=names_of(BALANCED_PLAIN))
def test_table_5_has_the_recipe_of_the_paper(path):
    cfg = read(path)
    imagenet = '_imagenet' in path.stem
    batch, rate, decay = (512, 0.05, 5e-4) if imagenet else (64, 0.1, 5e-3)
    optimizer = cfg.optim_wrapper.optimizer
    if path.stem.endswith('_adam'):
        assert optimizer == dict(
            type='Adam', lr=rate, betas=(0.9, 0.999), weight_decay=decay)
    else:
        rate = 0.01 if path.stem == 'ce_vgg16_imagenet' else rate
        check_recipe(cfg, batch, rate, decay, linear(200))
    gpus = 8 if imagenet else 1
    assert gpus * cfg.train_dataloader.batch_size == batch
    alpha = 0.2 if imagenet else 1.
    assert cfg.model.train_cfg.augments == [
        dict(type='Mixup', alpha=alpha),
        dict(type='CutMix', alpha=1.)
    ]
    assert cfg.model.head.loss.use_soft


@pytest.mark.parametrize('path', PLAIN, ids=names_of(PLAIN))
def test_pixels_are_normalised_as_the_code_of_the_method_does(path):
    cfg = read(path)
    other = path.parent.name in ('ride', 'ride_cmo', 'paco') and (
        path.stem.endswith('inaturalist2018'))
    mean, std = INATURALIST_PIXELS if other else IMAGENET_PIXELS
    assert [value / 255
            for value in cfg.data_preprocessor.mean] == pytest.approx(
                mean, abs=1e-6)
    assert [value / 255
            for value in cfg.data_preprocessor.std] == pytest.approx(
                std, abs=1e-6)
    assert cfg.data_preprocessor.to_rgb


def names_of_steps(pipeline):
    return [step.type.rpartition('/')[2] for step in pipeline]


JITTERED = [
    'RandomResizedCrop', 'RandomFlip', 'NumpyToPIL', 'ColorJitter',
    'PILToNumpy'
]


@pytest.mark.parametrize('name, steps', [
    ('ce_resnext50_imagenet-lt', JITTERED),
    ('ce_resnext50_imagenet-lt_paper', JITTERED),
    ('ce_resnet50_inaturalist2018', JITTERED[:2]),
    ('ce_resnet50_inaturalist2018_paper', JITTERED[:2]),
    ('mislas_resnet50_inaturalist2018', JITTERED),
    ('mislas_resnet50_inaturalist2018_paper', JITTERED[:2]),
    ('ce_resnet18_imagenet', JITTERED[:2]),
])
def test_colours_change_where_they_are_said_to(name, steps):
    cfg = load(name)
    pipeline = cfg.train_dataloader.dataset.pipeline
    assert names_of_steps(pipeline) == [
        'LoadImageFromFile', *steps, 'PackInputs'
    ]
    assert pipeline[1].scale == 224
    resize, crop = cfg.test_dataloader.dataset.pipeline[1:3]
    assert (resize.scale, resize.edge, crop.crop_size) == (256, 'short', 224)


@pytest.mark.parametrize('name, first', [
    ('paco_resnext50_imagenet-lt', [
        'RandomResizedCrop', 'RandomFlip', 'NumpyToPIL', 'ColorJitter',
        'RandomGrayscale', 'PILToNumpy', 'GaussianBlur', 'RandAugment'
    ]),
    ('paco_resnet50_inaturalist2018', JITTERED + ['RandAugment']),
    ('paco_resnext50_imagenet-lt_paper', JITTERED),
    ('paco_resnet50_inaturalist2018_paper', JITTERED[:2]),
])
def test_paco_sees_the_views_of_its_code(name, first):
    load_image, views, pack = load(name).train_dataloader.dataset.pipeline
    assert (load_image.type, views.type,
            pack.type) == ('LoadImageFromFile', 'MultiView', 'PackInputs')
    ours, theirs = views.transforms
    assert names_of_steps(ours) == first
    assert names_of_steps(theirs) == [
        'RandomResizedCrop', 'NumpyToPIL', 'ColorJitter', 'RandomGrayscale',
        'PILToNumpy', 'GaussianBlur', 'RandomFlip'
    ]


@pytest.mark.parametrize('data, heat', [('resnext50_imagenet-lt', 0.07),
                                        ('resnet50_inaturalist2018', 0.2)])
@pytest.mark.parametrize('suffix', ['', '_paper'])
def test_paco_has_the_constants_of_its_code(data, heat, suffix):
    cfg = load(f'paco_{data}{suffix}')
    model = cfg.model
    assert (model.queue_size, model.feature_dim, model.momentum) == (8192, 128,
                                                                     0.999)
    assert (model.head.loss.alpha, model.head.loss.temperature) == (0.05, heat)
    assert model.queue_size % cfg.auto_scale_lr.base_batch_size == 0


@pytest.mark.parametrize('data, share', [('resnext50_imagenet-lt', 0.02),
                                         ('resnet50_inaturalist2018', 0.015)])
@pytest.mark.parametrize('suffix', ['', '_paper'])
@pytest.mark.parametrize('method', ['ride', 'ride_cmo'])
def test_ride_has_the_constants_of_its_code(method, data, share, suffix):
    loss = load(f'{method}_{data}{suffix}').model.head.loss
    assert loss.temperature_share == share


@pytest.mark.parametrize('suffix', ['', '_paper'])
@pytest.mark.parametrize('data',
                         ['resnext50_imagenet-lt', 'resnet50_inaturalist2018'])
def test_lade_and_mislas_have_the_constants_of_their_code(data, suffix):
    assert load(f'lade_{data}{suffix}').model.head.loss == dict(
        type='mmcurv.LADELoss', alpha=0.05, lam=0.5)
    cfg = load(f'mislas_{data}{suffix}')
    assert cfg.default_hooks.mixup.alpha == 0.2
    second = stage_config(cfg, 1)
    assert cfg.stages[1].norm == 'train'
    assert second.train_cfg.max_epochs == 10
    assert second.model.head.loss == dict(
        type='mmcurv.LabelAwareSmoothingLoss', head=0.3, tail=0.)
    assert second.optim_wrapper.paramwise_cfg.custom_keys == {
        'head.fc': dict(lr_mult=0.05)
    }
    expected = [0.1 * factor for factor in cosine(10)]
    assert learning_rates(second, iterations=2) == pytest.approx(expected)


@pytest.mark.parametrize('data',
                         ['resnext50_imagenet-lt', 'resnet50_inaturalist2018'])
def test_focal_loss_is_stronger_than_on_cifar(data):
    assert load(f'focal_{data}_paper').model.head.loss == dict(
        type='mmcurv.SoftmaxFocalLoss', gamma=2.)


@pytest.mark.parametrize('suffix, epochs', [('', 10), ('_paper', 22)])
def test_disalign_calibrates_as_long_as_published_or_the_same_share(
        suffix, epochs):
    second = stage_config(load(f'disalign_resnext50_imagenet-lt{suffix}'), 1)
    assert second.train_cfg.max_epochs == epochs
    expected = [0.1 * factor for factor in cosine(epochs)]
    assert learning_rates(second, iterations=2) == pytest.approx(expected)
    assert second.model.head.loss.rho == 1.2


@pytest.mark.parametrize('data, groups', [('resnext50_imagenet-lt', 8),
                                          ('resnet50_inaturalist2018', 16)])
def test_ofa_fine_tunes_for_6400_steps_of_as_many_maps_as_images(data, groups):
    cfg = load(f'ofa_{data}_paper')
    second = stage_config(cfg, 1)
    sampler = second.train_dataloader.sampler
    assert 'shuffle' not in sampler
    own, left = divmod(second.train_dataloader.batch_size,
                       sampler.num_fused + 2)
    assert (8 * own, left) == (groups, 0)
    assert second.model.num_fused == second.model.num_confusing == 15
    assert 32 * groups == cfg.auto_scale_lr.base_batch_size
    steps = sampler.groups // groups * second.train_cfg.max_epochs
    assert steps == 6400
    assert second.optim_wrapper.optimizer == dict(
        type='AdamW', lr=1e-5, weight_decay=0.01)


@pytest.mark.parametrize('data',
                         ['resnext50_imagenet-lt', 'resnet50_inaturalist2018'])
def test_gcl_ends_with_the_rate_and_the_constants_of_cifar(data):
    second = stage_config(load(f'gcl_stage2_{data}_paper'), 1)
    expected = [0.002 * factor for factor in cosine(30)]
    assert learning_rates(second, iterations=2) == pytest.approx(expected)
    assert second.model.head.loss == dict(
        type='mmcurv.GCLLoss', margin=0.1, scale=20., gamma=1.)
