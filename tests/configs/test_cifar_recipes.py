# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Recipes and constants on CIFAR-LT, as the code of the methods has them."""
import copy
import math

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, TRANSFORMS, init_default_scope
from torchvision.transforms import AutoAugment, AutoAugmentPolicy

from mmcurv.datasets import long_tailed_counts
from mmcurv.engine.stages.config import is_curvature, stage_config
from tests.shipped_configs import IMBALANCES, METHODS, load
from .rates import ahead, cosine, dropping, early_cosine, learning_rates

CIFAR = ('cifar10', 'cifar100')
OWN_RECIPE = [
    'balanced_softmax', 'bbn', 'dive', 'gcl', 'gcl_stage2', 'lade', 'mislas',
    'paco', 'ride', 'ride_cmo', 'ride_ea', 'tde'
]
BOTH = pytest.mark.parametrize('data', CIFAR)


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def check(cfg, rates, rate, decay, batch, nesterov=False):
    if isinstance(rates, list):
        rates = pytest.approx(rates)
    assert learning_rates(cfg, iterations=2) == rates
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.momentum) == ('SGD', 0.9)
    assert optimizer.get('nesterov', False) == nesterov
    assert (optimizer.lr, optimizer.weight_decay) == (rate, decay)
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.base_batch_size == batch


@BOTH
def test_common_recipe_is_that_of_the_literature_for_every_method(data):
    for method in METHODS:
        recipe = 'common' if method in OWN_RECIPE else ''
        cfg = load(method, data, recipe)
        check(cfg, dropping(100), rate=0.1, decay=2e-4, batch=128)
        assert cfg.train_cfg.max_epochs == 200, method
        drop = cfg.train_dataloader.get('drop_last', False)
        assert drop == (method == 'paco'), method  # a queue of whole batches
        assert [
            step.type for step in cfg.train_dataloader.dataset.dataset.pipeline
        ][0] == ('MultiView' if method == 'paco' else 'RandomCrop'), method


def test_short_recipe_is_a_tenth_of_the_long_one():
    cfg = load('ce_resnet8_fashion-mini-if100')
    rates = learning_rates(cfg, iterations=100)
    assert rates[0] == pytest.approx(0.06, rel=0.05)  # amid the warm-up
    assert rates[1:] == pytest.approx([0.1] * 15 + [1e-3] * 2 + [1e-5] * 2)


@BOTH
def test_recipes_of_codes_that_step_their_scheduler_too_early(data):
    for method, rate, decay, batch, nesterov in (('lade', 0.2, 5e-4, 256,
                                                  False), ('tde', 0.2, 5e-4,
                                                           256, False),
                                                 ('bbn', 0.1, 2e-4, 128,
                                                  True), ('dive', 0.1, 2e-4,
                                                          128, True)):
        cfg = load(method, data)
        check(cfg, ahead(rate), rate, decay, batch, nesterov)
        assert cfg.train_dataloader.drop_last, method


@BOTH
def test_gcl_and_mislas_drop_by_ten(data):
    for method, batch in (('gcl', 64), ('gcl_stage2', 64), ('mislas', 128)):
        cfg = load(method, data)
        check(cfg, dropping(10), rate=0.1, decay=2e-4, batch=batch)


@BOTH
def test_recipe_of_ride_is_that_of_its_code(data):
    for method in ('ride', 'ride_cmo', 'ride_ea'):
        check(load(method, data), dropping(100), 0.1, 5e-4, 128, True)


@BOTH
def test_recipe_of_paco_is_that_of_its_code(data):
    cfg = load('paco', data)
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
    check(cfg, expected, rate=0.05, decay=5e-4, batch=128)
    assert cfg.train_dataloader.drop_last
    model = cfg.model
    assert (model.queue_size, model.feature_dim, model.momentum) == (1024, 32,
                                                                     0.999)
    assert (model.head.loss.alpha, model.head.loss.temperature) == (0.01, 0.05)
    assert model.queue_size % 128 == 0


@BOTH
@pytest.mark.parametrize(
    'recipe, first',
    [('', ['RandomCrop', 'RandomFlip', 'AutoAugment', 'mmcurv.ClippedCutout']),
     ('common', ['RandomCrop', 'RandomFlip'])])
def test_paco_sees_the_usual_view_and_that_of_simclr(data, recipe, first):
    cfg = load('paco', data, recipe)
    views, pack = cfg.train_dataloader.dataset.dataset.pipeline
    assert (views.type, views.num_views) == ('MultiView', [1, 1])
    assert pack.type == 'PackInputs'
    ours, theirs = views.transforms
    assert [step.type for step in ours] == first
    assert [step.type.rpartition('/')[2] for step in theirs] == [
        'NumpyToPIL', 'RandomResizedCrop', 'RandomHorizontalFlip',
        'RandomApply', 'RandomGrayscale', 'PILToNumpy', 'GaussianBlur'
    ]


# Epochs, epochs of the warm-up and steps of an epoch in the code's own words:
# 13,000 and 800 steps over those of an epoch, rounded up.
BALANCED_SOFTMAX = {
    ('cifar100', 200): (685, 43, 18),
    ('cifar100', 100): (591, 37, 21),
    ('cifar100', 50): (520, 32, 24),
    ('cifar100', 10): (334, 21, 38),
    ('cifar10', 200): (591, 37, 21),
    ('cifar10', 100): (520, 32, 24),
    ('cifar10', 50): (465, 29, 27),
    ('cifar10', 10): (325, 20, 39),
}


@BOTH
@pytest.mark.parametrize('factor', IMBALANCES)
def test_balanced_softmax_has_the_steps_and_rates_of_its_code(data, factor):
    cfg = load('balanced_softmax', data, factor=factor)
    classes = cfg.model.head.num_classes
    images = sum(long_tailed_counts([50000 // classes] * classes, factor))
    epochs, warm, steps = BALANCED_SOFTMAX[data, factor]
    assert epochs == math.ceil(13000 / math.ceil(images / 512))
    assert warm == math.ceil(800 / math.ceil(images / 512))
    assert steps == images // 512
    assert cfg.train_dataloader.drop_last
    assert cfg.train_cfg.max_epochs == epochs
    expected = [
        0.05 + 0.05 / (warm - 1) * (e - 1) if e < warm else 0.05 *
        (1 + math.cos(math.pi * (e - warm) / (epochs - warm)))
        for e in range(1, epochs + 1)
    ]
    check(cfg, pytest.approx(expected, abs=1e-9), 0.1, 5e-4, 512)


def test_balanced_softmax_has_12330_steps_at_imbalance_200():
    epochs, _, steps = BALANCED_SOFTMAX['cifar100', 200]
    assert epochs * steps == 12330


def torchvision_pairs():
    """AutoAugment's policy for CIFAR-10 in mmpretrain's words."""
    policy = AutoAugment(AutoAugmentPolicy.CIFAR10)
    space = policy._augmentation_space(10, (1, 1))
    words = dict(Color='ColorTransform')
    argument = dict(Rotate='angle', Solarize='thr', Posterize='bits')
    pairs = []
    for pair in policy.policies:
        pairs.append([])
        for name, prob, level in pair:
            step = dict(type=words.get(name, name), prob=prob)
            if name[-1] in 'XY':
                step['type'] = name[:-1]
                step['direction'] = ('horizontal'
                                     if name[-1] == 'X' else 'vertical')
            if level is not None:
                value = space[name][0][level].item()
                step[argument.get(name, 'magnitude')] = value
            pairs[-1].append(step)
    return pairs


def parts(step, of_text):
    return {
        key: value
        for key, value in step.items() if isinstance(value, str) == of_text
    }


@BOTH
def test_balanced_softmax_sees_the_published_augmentation(data):
    cfg = load('balanced_softmax', data)
    pipeline = cfg.train_dataloader.dataset.dataset.pipeline
    assert [step.type for step in pipeline] == [
        'RandomCrop', 'RandomFlip', 'AutoAugment', 'mmcurv.ClippedCutout',
        'PackInputs'
    ]
    assert pipeline[3].length == 16
    ours, theirs = pipeline[2].policies, torchvision_pairs()
    assert len(ours) == len(theirs) == 25
    for pair, expected_pair in zip(ours, theirs):
        for step, expected in zip(pair, expected_pair):
            assert parts(step, True) == parts(expected, True)
            # The threshold of Solarize is of 256 in the one, 255 in the other.
            assert parts(step, False) == pytest.approx(
                parts(expected, False), rel=0.01)


@BOTH
@pytest.mark.parametrize('recipe', ['', 'common'])
def test_constants_of_ride_tde_and_cb_follow_the_data(data, recipe):
    hundred = data == 'cifar100'
    for method in ('ride', 'ride_cmo', 'ride_ea'):
        cfg = load(method, data, recipe)
        loss = cfg.model.head.loss
        assert loss.get('diversity', -0.2) == (-0.45 if hundred else -0.2)
        assert not loss.get('collaborative', False)
        turned = 'Rotate' in [
            step.type for step in cfg.train_dataloader.dataset.dataset.pipeline
        ]
        assert turned == (not recipe), method
        experts = 3 if method == 'ride_cmo' else 4
        assert (cfg.model.backbone.num_experts == cfg.model.head.num_experts ==
                experts)
    gates = stage_config(load('ride_ea', data, recipe), 1)
    assert gates.model.head.top_logits == (30 if hundred else 10)
    assert load('tde', data,
                recipe).model.head.alpha == (1.5 if hundred else 1)
    classes = 100 if hundred else 10
    head = load('cb_focal', data).model.head
    assert head.init_cfg.bias_prob == 1 / classes == 1 / head.num_classes


def test_ride_turns_images_by_up_to_15_degrees():
    pipeline = load('ride').train_dataloader.dataset.dataset.pipeline
    rotate = TRANSFORMS.build(copy.deepcopy(pipeline[2]))
    np.random.seed(0)
    angles = np.array([
        rotate.random_negative(rotate.random_magnitude()) for _ in range(2000)
    ])
    assert not any(rotate.random_disable() for _ in range(50))
    assert -15 <= angles.min() < -14.5 and 14.5 < angles.max() <= 15
    assert abs(angles.mean()) < 1
    assert angles.std() == pytest.approx(15 / 3**0.5, rel=0.05)  # uniform
    turned = rotate(dict(img=np.full((32, 32, 3), 255, np.uint8)))['img']
    assert turned[0, 0].max() == 0 and turned[16, 16].min() == 255


@pytest.mark.parametrize('recipe', ['', 'common'])
def test_gates_are_trained_as_in_the_code_of_ride(recipe):
    cfg = load('ride_ea', recipe=recipe)
    stage, own = cfg.stages[1], stage_config(cfg, 1)
    assert stage.weights == 'experts' == cfg.stages[0].name
    assert list(stage['freeze']) == ['backbone', 'head.fcs']
    assert stage.norm == 'eval'
    assert own.model.head.type == 'mmcurv.ExpertAssignmentHead'
    assert own.model.head.loss == dict(type='mmcurv.ExpertAssignmentLoss')
    assert own.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
    assert learning_rates(own, 2) == pytest.approx(
        [0.01, 0.0090451, 0.0065451, 0.0034549, 0.00095492], abs=1e-7)
    assert own.train_dataloader.batch_size == 512
    assert own.train_dataloader.sampler == dict(
        type='mmcurv.WeightedSampler', weights='balanced')
    assert 'reweighting' not in own.default_hooks
    assert [metric.type for metric in own.val_evaluator
            ] == ['Accuracy', 'mmcurv.ClassFairness', 'mmcurv.ExpertsUsed']


# Smoothing of the largest and the smallest class, factor of the classifier's
# rate, mode of the batch norms; 200 as 100.
MISLAS = {
    ('cifar10', 100): (0.3, 0., 0.5, 'eval'),
    ('cifar10', 50): (0.2, 0., 0.2, 'eval'),
    ('cifar10', 10): (0.1, 0., 0.2, 'eval'),
    ('cifar100', 100): (0.4, 0.1, 0.2, 'train'),
    ('cifar100', 50): (0.3, 0., 0.1, 'train'),
    ('cifar100', 10): (0.2, 0., 0.1, 'train'),
}


@BOTH
@pytest.mark.parametrize('recipe', ['', 'common'])
def test_mislas_has_the_constants_of_its_code(data, recipe):
    for factor in IMBALANCES:
        head, tail, rate, norm = MISLAS[data, min(factor, 100)]
        cfg = load('mislas', data, recipe, factor)
        own = stage_config(cfg, 1)
        assert cfg.stages[1].norm == norm, factor
        assert own.model.head.loss == dict(
            type='mmcurv.LabelAwareSmoothingLoss', head=head, tail=tail)
        assert own.optim_wrapper.paramwise_cfg.custom_keys == {
            'head.fc': dict(lr_mult=rate)
        }
        assert 'mixup' not in own.default_hooks


# Rate and epochs of the second stage at 200, 90 and 20 epochs of the first.
SECOND = dict(
    crt=(0.1, 22, 10, 2),
    lws=(0.1, 11, 5, 1),
    disalign=(0.1, 22, 10, 2),
    mislas=(0.1, 10, 4, 1),
    gcl_stage2=(0.002, 30, 14, 3),
    ride_ea=(0.01, 5, 2, 1),
    ofa=(5e-4, 64, 29, 6))


@pytest.mark.parametrize('method', SECOND)
def test_second_stage_keeps_its_share_and_its_rate_falls_to_the_end(method):
    rate, *lengths = SECOND[method]
    for epochs, length in zip((200, 90, 20), lengths):
        cfg = copy.deepcopy(load(method))
        cfg.train_cfg.max_epochs = epochs
        own = stage_config(cfg, 1)
        assert own.train_cfg.max_epochs == length, epochs
        found = learning_rates(own, iterations=10)
        if method == 'ofa':
            assert found == [rate] * length
        elif epochs == 200:
            wave = early_cosine if method in ('crt', 'lws') else cosine
            assert found == pytest.approx(
                [rate * factor for factor in wave(length)], abs=1e-12)
        else:
            assert found[-1] < 0.55 * rate and max(found) <= rate


def test_stages_freeze_and_reset_as_published():
    for method, freeze, norm, reset in (('crt', ['backbone'], 'train', [
            'head.fc'
    ]), ('lws', ['backbone', 'head.fc'], 'train',
         None), ('disalign', ['backbone', 'head.fc'], 'train',
                 None), ('gcl_stage2', ['backbone'], 'eval', None)):
        stage = load(method).stages[1]
        assert (list(stage['freeze']), stage.norm,
                stage.get('reset')) == (freeze, norm, reset), method
    for method in ('crt', 'lws', 'mislas'):
        loader = stage_config(load(method), 1).train_dataloader
        assert loader.sampler == dict(type='mmcurv.ClassAwareSampler')
        assert loader.get('drop_last', False) == (method != 'mislas')


def initial_classifier(cfg):
    """Weight and bias of the last layer as they are before a training."""
    torch.manual_seed(0)
    head = MODELS.build(copy.deepcopy(cfg.model.head))
    head.init_weights()
    return head.fc.weight.detach(), head.fc.bias.detach()


@BOTH
@pytest.mark.parametrize('recipe', ['', 'common'])
def test_classifiers_start_as_pytorch_has_them_where_their_codes_do(
        data, recipe):
    starts = [(method, load(method, data, recipe))
              for method in ('lade', 'balanced_softmax', 'dive', 'paco')]
    starts.append(('crt', stage_config(load('crt', data), 1)))
    for method, cfg in starts:
        weight, bias = initial_classifier(cfg)
        bound = weight.shape[1]**-0.5
        for values in (weight, bias):
            assert values.abs().max() <= bound, method
        assert weight.abs().max() > 0.98 * bound, method
        # Uniform: a deviation of the bound over the root of 3.
        assert weight.std() == pytest.approx(bound / 3**0.5, rel=0.06), method


def test_classifier_of_cross_entropy_is_normal_as_in_the_ldam_code():
    for method in ('ce', 'focal', 'crt', 'mislas'):
        weight, _ = initial_classifier(load(method))
        assert weight.std() == pytest.approx((2 / 64)**0.5, rel=0.05), method
        assert weight.abs().max() > 64**-0.5, method


def test_student_of_ride_learns_from_six_experts_with_a_longer_warm_up():
    cfg = load('ride_distill_resnet32_cifar100-lt-if100', cr=True)
    teacher, student = (stage_config(cfg, i) for i in range(2))
    assert teacher.model.teacher is None and 'custom_hooks' in student
    assert not teacher.custom_hooks and student.custom_hooks
    for part in ('backbone', 'head'):
        assert teacher.model[part].num_experts == 6
        assert student.model[part].num_experts == 4
        kept = student.model.teacher.model[part]
        for key in {*kept} - {'type'}:
            assert kept[key] == teacher.model[part][key], (part, key)
    assert student.model.teacher.checkpoint == '{teacher}'
    assert (student.model.temperature, student.model.times_experts) == (1.5,
                                                                        True)
    plain = dropping(100)
    assert learning_rates(teacher, 2) == pytest.approx(plain)
    warm = [0.1 * (e + 1) / 20 for e in range(20)] + plain[20:]
    assert learning_rates(student, 2) == pytest.approx(warm)
    short = copy.deepcopy(cfg)
    short.train_cfg.max_epochs = 20
    for i in range(2):
        assert stage_config(short, i).train_cfg.max_epochs == 20


def test_curvature_is_in_the_feature_stage_alone_but_for_dive():
    wanted = dict(dive=[False, True])
    for method in METHODS:
        cfg = load(method, cr=True)
        if cfg.get('stages'):
            found = [
                any(
                    map(is_curvature,
                        stage_config(cfg, i).get('custom_hooks') or []))
                for i in range(2)
            ]
            assert found == wanted.get(method, [True, False]), method


@pytest.mark.parametrize('recipe', ['', 'common'])
def test_gcl_ends_with_the_constants_of_its_code(recipe):
    own = stage_config(load('gcl_stage2', recipe=recipe), 1)
    assert own.model.head.loss == dict(
        type='mmcurv.GCLLoss', margin=0.1, scale=20., gamma=1.)
    assert own.train_dataloader.batch_size == 64
    assert own.train_dataloader.sampler == dict(
        type='mmcurv.WeightedSampler', weights='balanced')
    assert own.default_hooks.mixup.alpha == 1


def test_teacher_of_dive_differs_by_the_weight_of_its_teacher():
    for recipe in ('', 'common'):
        cfg = load('dive', recipe=recipe)
        teacher, student = (stage_config(cfg, i) for i in range(2))
        assert teacher.model.alpha == 0 and student.model.alpha == 0.5
        assert student.model.teacher == '{teacher}'
        for key in ('param_scheduler', 'train_cfg', 'optim_wrapper'):
            assert teacher[key] == student[key]


def test_ofa_fine_tunes_the_classifier_for_6400_steps_of_128_maps():
    features, classifier = (stage_config(load('ofa'), i) for i in range(2))
    assert not features.model.augment and classifier.model.augment
    sampler = classifier.train_dataloader.sampler
    assert 'shuffle' not in sampler
    images = classifier.train_dataloader.batch_size
    groups, left = divmod(images, sampler.num_fused + 2)
    assert (groups, left) == (16, 0)
    assert images + groups * classifier.model.num_fused == 128
    assert sampler.groups // groups * classifier.train_cfg.max_epochs == 6400


def test_second_batch_of_bbn_is_reversed_and_its_epoch_is_told():
    for name in ('bbn', 'bbn_resnet14_fashion-mini-if100',
                 'bbn_resnext50_imagenet-lt_paper',
                 'bbn_resnet50_inaturalist2018'):
        cfg = load(name)
        assert cfg.default_hooks.second_batch == dict(
            type='mmcurv.SecondBatchHook', weights='reversed')
        assert cfg.model.type == 'mmcurv.BBNClassifier'


def test_memory_of_mbj_holds_8_batches():
    for name in ('mbj', 'mbj_resnet8_fashion-mini-if100',
                 'mbj_resnext50_imagenet-lt_paper',
                 'mbj_resnet50_inaturalist2018_paper'):
        cfg = load(name)
        head = cfg.model.head
        assert head.memory_size == 8 * cfg.auto_scale_lr.base_batch_size
        assert (head.rho, head.memory_weight) == (1, 1)


def test_both_cifar_sets_are_normalised_as_in_the_literature():
    for method in METHODS:
        for data in CIFAR:
            preprocessor = load(method, data).data_preprocessor
            mean = [value / 255 for value in preprocessor.mean]
            std = [value / 255 for value in preprocessor.std]
            assert mean == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-6)
            assert std == pytest.approx([0.2023, 0.1994, 0.2010], abs=1e-6)
