# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Recipes of DiVE, PaCo and OFA, and what their stages change."""
import pytest
from mmengine.registry import init_default_scope

from mmcurv.engine.stages.stage_config import stage_config
from tests.shipped_configs import load
from tests.test_config_recipes import check_optimizer, learning_rates

CIFAR = pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@CIFAR
def test_dive_recipe_is_that_of_its_code(data):
    cfg = load(f'dive_resnet32_{data}-if100')
    # (1/3)(1 - e/5) + e/5 for e = 1 to 5: its scheduler is a step ahead.
    expected = [0.1 * (1 / 3 * (1 - e / 5) + e / 5) for e in range(1, 6)]
    expected += [0.1] * 114 + [1e-3] * 40 + [1e-5] * 41
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    check_optimizer(cfg, rate=0.1, decay=2e-4, batch=128)


@CIFAR
def test_paco_recipe_is_that_of_its_code(data):
    cfg = load(f'paco_resnet32_{data}-if100')
    expected = []
    for e in range(400):
        rate = 0.05
        if e <= 10:
            rate *= (e + 1) / 10
        elif e > 360:
            rate *= 0.01
        elif e > 320:
            rate *= 0.1
        expected.append(rate)
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    check_optimizer(cfg, rate=0.05, decay=5e-4, batch=128)
    assert cfg.train_dataloader.drop_last


@CIFAR
@pytest.mark.parametrize(
    'suffix, first',
    [('', ['RandomCrop', 'RandomFlip', 'AutoAugment', 'Cutout']),
     ('_common', ['RandomCrop', 'RandomFlip'])])
def test_paco_sees_the_usual_view_and_that_of_simclr(data, suffix, first):
    cfg = load(f'paco_resnet32_{data}-if100{suffix}')
    views, pack = cfg.train_dataloader.dataset.dataset.pipeline
    assert (views.type, views.num_views) == ('MultiView', [1, 1])
    assert pack.type == 'PackInputs'
    ours, theirs = views.transforms
    assert [step.type for step in ours] == first
    names = [step.type.rpartition('/')[2] for step in theirs]
    assert names == [
        'NumpyToPIL', 'RandomResizedCrop', 'RandomHorizontalFlip',
        'RandomApply', 'RandomGrayscale', 'PILToNumpy', 'GaussianBlur'
    ]


@CIFAR
def test_paco_has_the_constants_of_its_code(data):
    model = load(f'paco_resnet32_{data}-if100').model
    assert (model.queue_size, model.feature_dim, model.momentum) == (1024, 32,
                                                                     0.999)
    assert (model.head.loss.alpha, model.head.loss.temperature) == (0.01, 0.05)
    assert model.queue_size % 128 == 0


@CIFAR
@pytest.mark.parametrize('suffix', ['', '_common'])
def test_teacher_of_dive_differs_by_the_weight_of_its_teacher(data, suffix):
    cfg = load(f'dive_resnet32_{data}-if100{suffix}_cr')
    teacher, student = (stage_config(cfg, i) for i in range(2))
    assert not teacher.custom_hooks and len(student.custom_hooks) == 1
    assert teacher.model.alpha == 0 and student.model.alpha == 0.5
    assert student.model.teacher == '{teacher}'
    for key in ('param_scheduler', 'train_cfg', 'optim_wrapper'):
        assert teacher[key] == student[key]


@CIFAR
def test_ofa_fine_tunes_the_classifier_for_6400_steps_of_128_maps(data):
    cfg = load(f'ofa_resnet32_{data}-if100_cr')
    features, classifier = (stage_config(cfg, i) for i in range(2))
    assert len(features.custom_hooks) == 1 and not classifier.custom_hooks
    assert not features.model.augment and classifier.model.augment
    sampler = classifier.train_dataloader.sampler
    assert 'shuffle' not in sampler
    images = classifier.train_dataloader.batch_size
    groups, left = divmod(images, sampler.num_fused + 2)
    assert (groups, left) == (16, 0)
    assert images + groups * classifier.model.num_fused == 128
    steps = sampler.groups // groups * classifier.train_cfg.max_epochs
    assert steps == 6400
    assert learning_rates(classifier, iterations=2) == [5e-4] * 64
