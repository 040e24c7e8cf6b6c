# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Recipes and constants on the large sets, as published."""
import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS, PARAM_SCHEDULERS, init_default_scope

from mmcurv.engine.stages.config import stage_config
from tests.shipped_configs import BALANCED, LARGE, LARGE_SETS, load, read
from .rates import (cosine, early_cosine, late_cosine, learning_rates, linear,
                    steps)

INATURALIST_PIXELS = ([0.466, 0.471, 0.380], [0.195, 0.194, 0.192])
IMAGENET_PIXELS = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
# Batch, rate, decay, factors of the rate in each epoch.
RIDE = steps(100, 60, 80, warm_up=5)
OWN = {
    'ce_resnext50_imagenet-lt': (512, 0.2, 5e-4, early_cosine(90)),
    'ce_resnet50_inaturalist2018': (512, 0.2, 1e-4, early_cosine(90)),
    'ldam_drw_resnext50_imagenet-lt':
    (256, 0.1, 5e-4, steps(200, 120, 160, warm_up=5)),
    # Its scheduler is a step ahead.
    'bbn_resnet50_inaturalist2018': (128, 0.05, 1e-4, steps(180, 119, 159)),
    'lade_resnext50_imagenet-lt': (256, 0.05, 5e-4, early_cosine(180)),
    'lade_resnet50_inaturalist2018': (256, 0.1, 1e-4, early_cosine(200)),
    'ride_resnext50_imagenet-lt': (256, 0.1, 2e-4, RIDE),
    'ride_resnet50_inaturalist2018': (512, 0.2, 2e-4, RIDE),
    'ride_cmo_resnext50_imagenet-lt': (256, 0.1, 2e-4, RIDE),
    'ride_cmo_resnet50_inaturalist2018': (512, 0.2, 2e-4, RIDE),
    'disalign_resnext50_imagenet-lt': (256, 0.1, 5e-4, cosine(90)),
    'mislas_resnext50_imagenet-lt': (256, 0.1, 5e-4, cosine(180)),
    'mislas_resnet50_inaturalist2018': (256, 0.1, 1e-4, cosine(200)),
    'paco_resnext50_imagenet-lt': (128, 0.02, 5e-4, late_cosine()),
    'paco_resnet50_inaturalist2018': (128, 0.02, 1e-4, late_cosine()),
}
NESTEROV = ('bbn', 'ride', 'ride_cmo')
# Codes that leave the last incomplete batch out.
WHOLE_BATCHES = ('bbn', 'ce', 'lade', 'paco')
# Codes with pixels of their own on iNaturalist 2018; BBN has ImageNet's.
OWN_PIXELS = ('ce', 'lade', 'mislas', 'paco', 'ride', 'ride_cmo')
PAPER = [path.stem for path in LARGE if path.stem.endswith('_paper')]
# In the paper's recipe, each of the two sets has these.
METHODS = {
    'bbn', 'ce', 'disalign', 'dive', 'focal', 'gcl_stage2', 'lade', 'ldam',
    'mbj', 'mislas', 'ofa', 'paco', 'ride', 'ride_cmo'
}


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def paper(name):
    return load(name) if name in PAPER else load(name, recipe='paper')


def check(cfg, batch, rate, decay, factors, nesterov=False):
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.momentum) == ('SGD', 0.9)
    assert optimizer.get('nesterov', False) == nesterov
    assert (optimizer.lr, optimizer.weight_decay) == (rate, decay)
    assert cfg.auto_scale_lr.base_batch_size == batch
    rates = [rate * factor for factor in factors]
    assert learning_rates(cfg, iterations=2) == pytest.approx(rates, abs=1e-12)


def test_every_method_of_tables_3_and_4_has_both_sets():
    for data, network in LARGE_SETS.items():
        found = {
            path.parent.name
            for path in LARGE if f'_{network}_{data}' in path.stem
        }
        assert found - {'ldam_drw'} == METHODS, data


def test_own_recipes_are_the_published_ones():
    assert {path.stem for path in LARGE} - {*PAPER} == {*OWN}
    for name, expected in OWN.items():
        method = name.partition('_res')[0]
        cfg = load(name)
        check(cfg, *expected, nesterov=method in NESTEROV)
        drop = cfg.train_dataloader.get('drop_last', False)
        assert drop == (method in WHOLE_BATCHES), name


def test_recipe_of_the_paper_is_one_for_all_methods():
    for path in LARGE:
        cfg = paper(path.stem)
        check(cfg, 256 if 'imagenet-lt' in path.stem else 512, 0.1, 5e-4,
              linear(200))
        drop = cfg.train_dataloader.get('drop_last', False)
        assert drop == path.stem.startswith('paco'), path.stem


def test_table_5_has_the_recipe_of_the_paper():
    for path in BALANCED:
        cfg = read(path)
        imagenet = '_imagenet' in path.stem
        batch, rate, decay = (512, 0.05, 5e-4) if imagenet else (64, 0.1, 5e-3)
        check(cfg, batch, rate, decay, linear(200))
        gpus = 8 if imagenet else 1
        assert gpus * cfg.train_dataloader.batch_size == batch
        assert cfg.model.train_cfg.augments == [
            dict(type='Mixup', alpha=0.2 if imagenet else 1.),
            dict(type='CutMix', alpha=1.)
        ]
        assert cfg.model.head.loss.use_soft
        train = cfg.train_dataloader.dataset
        kind = 'ImageNet' if imagenet else 'CIFAR100'
        assert (train.type, train.split) == (kind, 'train')


def test_batches_are_those_of_eight_gpus_in_every_stage():
    for path in LARGE:
        for cfg in (load(path.stem), paper(path.stem)):
            stages = [
                stage_config(cfg, i)
                for i in range(len(cfg.get('stages') or []))
            ]
            for stage in stages or [cfg]:
                total = stage.auto_scale_lr.base_batch_size
                assert 8 * stage.train_dataloader.batch_size == total, path


def test_epochs_end_with_an_evaluation():
    for path in LARGE + BALANCED:
        cfg = read(path).train_cfg
        assert cfg.max_epochs % cfg.val_interval == 0, path


def test_cosine_that_is_ahead_goes_on_where_it_was_after_a_resume():
    cfg = load('ce_resnext50_imagenet-lt')

    def built():
        group = dict(params=[torch.nn.Parameter(torch.zeros(1))], lr_mult=1)
        wrapper = OptimWrapper(torch.optim.SGD([group], lr=0.2))
        schedulers = [
            PARAM_SCHEDULERS.build(one, default_args=dict(optimizer=wrapper))
            for one in cfg.param_scheduler
        ]
        wrapper.step()
        return wrapper, schedulers

    first, before = built()
    for _ in range(40):
        for one in before:
            one.step()
    second, after = built()
    second.load_state_dict(first.state_dict())
    for one, kept in zip(after, before):
        one.load_state_dict(kept.state_dict())
    for epoch in range(41, 90):
        for one in after:
            one.step()
        rate = 0.2 * early_cosine(90)[epoch]
        assert second.get_lr()['lr'][0] == pytest.approx(rate, abs=1e-9)


def test_pixels_are_normalised_as_the_code_of_the_method_does():
    for path in LARGE:
        for cfg, own in ((load(path.stem), True), (paper(path.stem), False)):
            other = (
                own and path.parent.name in OWN_PIXELS
                and path.stem.endswith('inaturalist2018'))
            mean, std = INATURALIST_PIXELS if other else IMAGENET_PIXELS
            found = cfg.data_preprocessor
            assert [one / 255 for one in found.mean] == pytest.approx(
                mean, abs=1e-6), path
            assert [one / 255 for one in found.std] == pytest.approx(
                std, abs=1e-6), path
            assert found.to_rgb


def test_networks_start_as_in_the_codes_of_the_methods():
    """At a scale of 1 but for DisAlign, with PyTorch's classifier."""
    for path in LARGE:
        cfg = load(path.stem)
        own_disalign = path.stem == 'disalign_resnext50_imagenet-lt'
        zero = cfg.model.backbone.zero_init_residual
        assert zero == own_disalign, path
        init = cfg.model.head.init_cfg
        assert (init is None) == (not own_disalign), path


@pytest.mark.parametrize('name, scale',
                         [('ce_resnext50_imagenet-lt', 1),
                          ('ce_resnet50_inaturalist2018', 1),
                          ('bbn_resnet50_inaturalist2018', 1),
                          ('ride_resnet50_inaturalist2018', 1),
                          ('disalign_resnext50_imagenet-lt', 0)])
def test_last_batch_norm_of_a_block_starts_at(name, scale):
    network = MODELS.build(copy.deepcopy(load(name).model.backbone))
    network.init_weights()
    norms = [
        module.weight for key, module in network.named_modules()
        if key.endswith('bn3')
    ]
    assert len(norms) >= 16
    for weight in norms:
        assert (weight == scale).all()


def test_convolutions_of_bbn_start_as_pytorch_has_them():
    network = MODELS.build(
        copy.deepcopy(load('bbn_resnet50_inaturalist2018').model.backbone))
    network.init_weights()
    weight = network.layer3[0].conv2.weight
    bound = weight[0].numel()**-0.5
    assert 0.98 * bound < weight.abs().max() <= bound


def names_of_steps(pipeline):
    return [step.type.rpartition('/')[2] for step in pipeline]


JITTERED = [
    'RandomResizedCrop', 'RandomFlip', 'NumpyToPIL', 'ColorJitter',
    'PILToNumpy'
]


def test_colours_change_where_they_are_said_to():
    for cfg, expected in ((load('ce_resnext50_imagenet-lt'), JITTERED),
                          (paper('ce_resnext50_imagenet-lt'), JITTERED),
                          (load('ce_resnet50_inaturalist2018'), JITTERED[:2]),
                          (paper('ce_resnet50_inaturalist2018'), JITTERED[:2]),
                          (load('mislas_resnet50_inaturalist2018'), JITTERED),
                          (paper('mislas_resnet50_inaturalist2018'),
                           JITTERED[:2]), (load('ce_resnet50_imagenet'),
                                           JITTERED[:2])):
        pipeline = cfg.train_dataloader.dataset.pipeline
        assert names_of_steps(pipeline) == [
            'LoadImageFromFile', *expected, 'PackInputs'
        ]
        assert pipeline[1].scale == 224
        resize, crop = cfg.test_dataloader.dataset.pipeline[1:3]
        assert (resize.scale, resize.edge, crop.crop_size) == (256, 'short',
                                                               224)


def test_paco_sees_the_views_and_has_the_constants_of_its_code():
    gray = JITTERED[:4] + ['RandomGrayscale', 'PILToNumpy', 'GaussianBlur']
    imagenet, inaturalist = ('paco_resnext50_imagenet-lt',
                             'paco_resnet50_inaturalist2018')
    for cfg, first, heat in ((load(imagenet), gray + ['RandAugment'], 0.07),
                             (load(inaturalist), JITTERED + ['RandAugment'],
                              0.2), (paper(imagenet), JITTERED, 0.07),
                             (paper(inaturalist), JITTERED[:2], 0.2)):
        loading, views, pack = cfg.train_dataloader.dataset.pipeline
        assert (loading.type, views.type,
                pack.type) == ('LoadImageFromFile', 'MultiView', 'PackInputs')
        ours, theirs = views.transforms
        assert names_of_steps(ours) == first
        assert names_of_steps(theirs) == [
            'RandomResizedCrop', 'NumpyToPIL', 'ColorJitter',
            'RandomGrayscale', 'PILToNumpy', 'GaussianBlur', 'RandomFlip'
        ]
        model = cfg.model
        assert (model.queue_size, model.feature_dim,
                model.momentum) == (8192, 128, 0.999)
        loss = model.head.loss
        assert (loss.alpha, loss.temperature) == (0.05, heat)
        assert model.queue_size % cfg.auto_scale_lr.base_batch_size == 0


@pytest.mark.parametrize('data, share', [('resnext50_imagenet-lt', 0.02),
                                         ('resnet50_inaturalist2018', 0.015)])
def test_methods_have_the_constants_of_their_code(data, share):
    for recipe in (load, paper):
        for method in ('ride', 'ride_cmo'):
            cfg = recipe(f'{method}_{data}')
            assert cfg.model.head.loss.temperature_share == share
        assert recipe(f'lade_{data}').model.head.loss == dict(
            type='mmcurv.LADELoss', alpha=0.05, lam=0.5)
        cfg = recipe(f'mislas_{data}')
        assert cfg.default_hooks.mixup.alpha == 0.2
        second = stage_config(cfg, 1)
        assert cfg.stages[1].norm == 'train'
        assert second.train_cfg.max_epochs == 10
        assert second.model.head.loss == dict(
            type='mmcurv.LabelAwareSmoothingLoss', head=0.3, tail=0.)
        assert second.optim_wrapper.paramwise_cfg.custom_keys == {
            'head.fc': dict(lr_mult=0.05)
        }
        assert learning_rates(second, 2) == pytest.approx(
            [0.1 * factor for factor in cosine(10)])
    assert load(f'focal_{data}_paper').model.head.loss == dict(
        type='mmcurv.SoftmaxFocalLoss', gamma=2.)
    second = stage_config(load(f'gcl_stage2_{data}_paper'), 1)
    assert learning_rates(second, 2) == pytest.approx(
        [0.002 * factor for factor in cosine(30)])
    assert second.model.head.loss == dict(
        type='mmcurv.GCLLoss', margin=0.1, scale=20., gamma=1.)


def test_disalign_calibrates_as_long_as_published_or_the_same_share():
    name = 'disalign_resnext50_imagenet-lt'
    for cfg, epochs in ((load(name), 10), (paper(name), 22)):
        second = stage_config(cfg, 1)
        assert second.train_cfg.max_epochs == epochs
        assert learning_rates(second, 2) == pytest.approx(
            [0.1 * factor for factor in cosine(epochs)])
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
    assert sampler.groups // groups * second.train_cfg.max_epochs == 6400
    assert second.optim_wrapper.optimizer == dict(
        type='AdamW', lr=1e-5, weight_decay=0.01)
