# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmcv.transforms import RandomFlip
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.registry import init_default_scope
from mmpretrain.datasets.transforms import RandomCrop
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules
from scipy.stats import chisquare

from mmcurv.models import (BatchAugmentPreprocessor, BatchRandomCrop,
                           BatchRandomFlip)

register_all_modules(init_default_scope=False)
REPETITIONS = 400  # expected draws of each outcome
NORMALIZE = dict(mean=[1., 2., 3.], std=[4., 5., 6.])
CROP = dict(type='BatchRandomCrop', crop_size=(9, 16), padding=4)
FLIP = dict(type='BatchRandomFlip', prob=0.5)


def noise(shape=(6, 3, 9, 16), seed=0):
    """Random uint8 images (B, C, H, W)."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(1, 256, shape, np.uint8))


def coded(height=6, width=5):
    """One image (1, 1, H, W) whose every pixel is its position plus one."""
    positions = torch.arange(1, height * width + 1, dtype=torch.uint8)
    return positions.view(1, 1, height, width)


def by_pipeline(transform, images):
    """A transform of mmpretrain, image by image."""
    done = [
        np.atleast_3d(
            transform.transform(
                dict(img=image.permute(1, 2, 0).numpy()))['img'])
        for image in images
    ]
    return torch.from_numpy(np.stack(done)).permute(0, 3, 1, 2)


def at_places(transform, places):
    """A transform of mmpretrain that crops at the given places in turn."""
    remaining = iter(places)

    class Forced(type(transform)):

        def rand_crop_params(self, img):
            return next(remaining)

    transform.__class__ = Forced
    return transform


def keys(images):
    """One hashable key for each image."""
    return [image.numpy().tobytes() for image in images]


def check_frequencies(images, expected):
    """Compare images with the probabilities of all that may occur.

    Args:
        images (Tensor): Draws.
        expected (dict): Probabilities by the key of the image.
    """
    found = dict.fromkeys(expected, 0)
    for key in keys(images):
        assert key in found, 'an image that the pipeline never gives'
        found[key] += 1
    shares = np.array(list(expected.values())) * len(images)
    if len(expected) > 1:
        assert chisquare(list(found.values()), shares).pvalue > 1e-3


def crops(image, padding, size):
    """All windows of the padded image, (K, C, size, size)."""
    padded = F.pad(image, 4 * [padding])
    rows, columns = (side - size + 1 for side in padded.shape[2:])
    return torch.cat([
        padded[:, :, i:i + size, j:j + size] for i in range(rows)
        for j in range(columns)
    ])


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
    ours = BatchAugmentPreprocessor(augment=[CROP, FLIP])
    out = ours(data, training=True)
    assert data['inputs'] is given and torch.equal(given, before)
    assert not torch.equal(out['inputs'], before.float())


def test_numbers_follow_from_torchs_generator_alone():
    ours = BatchAugmentPreprocessor(augment=[CROP, FLIP])
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
    (dict(crop_size=4), KeyError, 'type'),
    (dict(FLIP, p=1.), TypeError, 'unexpected keyword'),
])
def test_transforms_that_are_none_are_refused(transform, error, words):
    with pytest.raises(error, match=words):
        BatchAugmentPreprocessor(augment=[transform])


@pytest.mark.parametrize('shape', [(5, 3, 12, 10), (5, 1, 12, 10)])
def test_windows_are_cut_as_by_the_pipeline(shape):
    images = noise(shape)
    torch.manual_seed(4)
    found = BatchRandomCrop(10, padding=2)(images)
    torch.manual_seed(4)
    tops, lefts = torch.randint(7, (5, )), torch.randint(5, (5, ))
    places = [(int(top), int(left), 10, 10) for top, left in zip(tops, lefts)]
    pipeline = at_places(RandomCrop((10, 10), padding=2), places)
    assert torch.equal(found, by_pipeline(pipeline, images))


def test_one_value_pads_all_channels():
    found = BatchRandomCrop((13, 20), padding=2, pad_val=9)(noise())
    assert torch.equal(found[:, :, 2:-2, 2:-2], noise())
    assert (found[:, :, :2] == 9).all() and (found[..., -2:] == 9).all()


def test_all_windows_are_drawn_equally_often():
    image = coded(6, 6)
    possible = keys(crops(image, padding=2, size=6))
    assert len(set(possible)) == 25
    torch.manual_seed(0)
    draws = 25 * REPETITIONS
    found = BatchRandomCrop(6, padding=2)(image.expand(draws, -1, -1, -1))
    check_frequencies(found, dict.fromkeys(possible, 1 / 25))


def test_the_pipeline_gives_the_same_windows():
    np.random.seed(0)
    image = coded(6, 6)
    found = by_pipeline(
        RandomCrop(6, padding=2), image.expand(800, -1, -1, -1))
    assert set(keys(found)) == set(keys(crops(image, padding=2, size=6)))


def test_windows_smaller_than_the_image_need_no_padding():
    image = coded(6, 6)
    torch.manual_seed(0)
    found = BatchRandomCrop(4)(image.expand(9 * REPETITIONS, -1, -1, -1))
    possible = keys(crops(image, padding=0, size=4))
    check_frequencies(found, dict.fromkeys(possible, 1 / 9))


def test_images_of_a_batch_are_cropped_independently():
    torch.manual_seed(0)
    pair = coded(3, 1).expand(2, -1, -1, -1)
    crop = BatchRandomCrop((3, 3), padding=1)
    possible = keys(crops(coded(3, 1), padding=1, size=3))
    draws = torch.stack([crop(pair) for _ in range(9 * REPETITIONS // 4)])
    both = {a + b: 1 / 9 for a in possible for b in possible}
    check_frequencies(draws, both)


@pytest.mark.parametrize('arguments, words', [
    (dict(crop_size=0), 'crop_size must be'),
    (dict(crop_size=4, padding=-1), 'padding must be'),
    (dict(crop_size=(4, 4, 4)), 'crop_size must be'),
])
def test_crops_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        BatchRandomCrop(**arguments)


def test_images_smaller_than_the_crop_are_refused():
    with pytest.raises(ValueError, match='raise padding'):
        BatchRandomCrop(10, padding=0)(noise())


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_chosen_images_are_flipped_as_by_the_pipeline(direction):
    images = noise()
    torch.manual_seed(0)
    found = BatchRandomFlip(0.5, direction)(images)
    torch.manual_seed(0)
    chosen = torch.rand(6) < 0.5
    assert chosen.any() and not chosen.all()
    flipped = by_pipeline(RandomFlip(1., direction), images)
    expected = torch.where(chosen[:, None, None, None], flipped, images)
    assert torch.equal(found, expected)


@pytest.mark.parametrize('prob', [0., 0.25, 0.5, 1.])
def test_images_are_flipped_with_their_probability(prob):
    image = coded()
    torch.manual_seed(0)
    found = BatchRandomFlip(prob)(image.expand(2 * REPETITIONS, -1, -1, -1))
    expected = {keys(image.flip(3))[0]: prob, keys(image)[0]: 1 - prob}
    check_frequencies(found, {k: p for k, p in expected.items() if p})


def test_crop_and_flip_are_independent():
    image = coded(5, 5)
    windows = crops(image, padding=1, size=5)
    possible = keys(windows) + keys(windows.flip(3))
    torch.manual_seed(0)
    images = image.expand(18 * REPETITIONS, -1, -1, -1)
    found = BatchRandomFlip(0.5)(BatchRandomCrop(5, padding=1)(images))
    check_frequencies(found, dict.fromkeys(possible, 1 / 18))


@pytest.mark.parametrize('arguments, words', [
    (dict(prob=1.5), 'prob'),
    (dict(prob=0.5, direction='diagonal'), 'direction must be'),
])
def test_flips_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        BatchRandomFlip(**arguments)
