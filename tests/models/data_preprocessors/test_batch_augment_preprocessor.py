# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.registry import init_default_scope
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules

from mmcurv.models import BatchAugmentPreprocessor
from mmcurv.models.data_preprocessors import BatchRandomCrop, BatchRandomFlip
from tests.models.data_preprocessors.images import noise

register_all_modules(init_default_scope=False)
NORMALIZE = dict(mean=[1., 2., 3.], std=[4., 5., 6.])
CROP = dict(type='BatchRandomCrop', crop_size=(9, 16), padding=4)
FLIP = dict(type='BatchRandomFlip', prob=0.5)


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def items(images=None):
    return [
        dict(inputs=image, data_samples=DataSample().set_gt_label(c % 3))
        for c, image in enumerate(noise() if images is None else images)
    ]


def batch(collate=default_collate):
    return collate(items())


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_a_batch_is_augmented_and_then_normalized(collate):
    torch.manual_seed(3)
    expected = BatchRandomFlip(0.5)(
        BatchRandomCrop((9, 16), padding=4)(noise()))
    torch.manual_seed(3)
    ours = BatchAugmentPreprocessor(
        augment=[CROP, FLIP], to_rgb=True, **NORMALIZE)
    found = ours(batch(collate), training=True)
    stock = ClsDataPreprocessor(to_rgb=True, **NORMALIZE)
    assert torch.equal(found['inputs'],
                       stock(dict(batch(), inputs=expected), True)['inputs'])
    assert [int(one.gt_label)
            for one in found['data_samples']] == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize('augment, training', [([CROP, FLIP], False),
                                               ([], True)])
def test_without_augmentation_it_is_that_of_mmpretrain(augment, training):
    state = torch.get_rng_state()
    ours = BatchAugmentPreprocessor(augment=augment, **NORMALIZE)
    found = ours(batch(), training=training)['inputs']
    stock = ClsDataPreprocessor(**NORMALIZE)(batch(), training)['inputs']
    assert torch.equal(found, stock)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_batch_of_the_loader_is_not_changed():
    data = batch()
    given = data['inputs']
    before = given.clone()
    ours = BatchAugmentPreprocessor(augment=[
        CROP, FLIP,
        dict(type='BatchRotate', max_angle=15, prob=1.),
        dict(type='BatchCutout', shape=4, prob=1.)
    ])
    out = ours(data, training=True)
    assert data['inputs'] is given and torch.equal(given, before)
    assert not torch.equal(out['inputs'], before.float())


def test_numbers_follow_from_torchs_generator_alone():
    ours = BatchAugmentPreprocessor(augment=[
        CROP, FLIP,
        dict(type='BatchRandomResizedCrop', scale=8),
        dict(type='BatchRotate', max_angle=15),
        dict(type='BatchCutout', shape=2)
    ])
    torch.manual_seed(1)
    first = ours(batch(), training=True)['inputs']
    torch.manual_seed(1)
    assert torch.equal(ours(batch(), training=True)['inputs'], first)
    assert not torch.equal(ours(batch(), training=True)['inputs'], first)


@pytest.mark.parametrize('mixing', ['Mixup', 'CutMix'])
def test_mixing_comes_after_it(mixing):
    augments = dict(augments=dict(type=mixing, alpha=1.))
    ours = BatchAugmentPreprocessor(
        augment=[lambda images: images // 2],
        num_classes=3,
        batch_augments=copy.deepcopy(augments))
    stock = ClsDataPreprocessor(num_classes=3, batch_augments=augments)
    outs = []
    for preprocessor, images in ((ours, noise()), (stock, noise() // 2)):
        torch.manual_seed(5)
        np.random.seed(5)
        outs.append(preprocessor(dict(batch(), inputs=images), training=True))
    assert torch.equal(outs[0]['inputs'], outs[1]['inputs'])
    scores = [
        torch.stack([one.gt_score for one in out['data_samples']])
        for out in outs
    ]
    assert torch.equal(*scores)
    assert ((scores[0] > 0).sum(1) == 2).any()  # images of two classes


def test_a_model_of_mmpretrain_builds_it_from_its_config():
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            data_preprocessor=dict(
                type='mmcurv.BatchAugmentPreprocessor',
                augment=[dict(CROP, type='mmcurv.BatchRandomCrop')],
                num_classes=3),
            train_cfg=dict(augments=[dict(type='Mixup', alpha=1.)]),
            backbone=dict(type='mmcurv.CifarResNet', depth=8),
            head=dict(type='LinearClsHead', num_classes=3, in_channels=64)))
    preprocessor = model.data_preprocessor
    assert type(preprocessor) is BatchAugmentPreprocessor
    assert type(preprocessor.augment[0]) is BatchRandomCrop
    assert preprocessor.batch_augments is not None


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_several_views_of_an_image_are_refused(collate):
    views = [
        dict(inputs=[image, image], data_samples=DataSample())
        for image in noise()
    ]
    ours = BatchAugmentPreprocessor(augment=[FLIP])
    with pytest.raises(ValueError, match='ViewsPreprocessor'):
        ours(collate(views), training=True)


def test_images_of_different_sizes_are_refused():
    ours = BatchAugmentPreprocessor(augment=[FLIP])
    mixed = items([*noise()[:2], noise((1, 3, 5, 5))[0]])
    with pytest.raises(ValueError, match='one size'):
        ours(pseudo_collate(mixed), training=True)


@pytest.mark.parametrize('transform, error, words', [
    (dict(type='RandomCrop', crop_size=4), KeyError, 'BatchRandomCrop'),
    (dict(crop_size=4), TypeError, 'expected a type'),
    (dict(FLIP, p=1.), TypeError, 'unexpected keyword'),
    ('BatchRandomFlip', TypeError, 'configs or functions'),
])
def test_transforms_that_are_none_are_refused(transform, error, words):
    with pytest.raises(error, match=words):
        BatchAugmentPreprocessor(augment=[transform])
