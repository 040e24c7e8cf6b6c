# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Transforms of published recipes, beside the operations of their codes."""
import cv2
import numpy as np
import pytest
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image

from mmcurv.datasets import ClippedCutout
from tests.reference.rand_augment_pil import augmented
from tests.shipped_configs import load

WAYS = dict(bilinear=Image.BILINEAR, bicubic=Image.BICUBIC)
LEVELS = (10., 9.8, 9.3, 8.4)


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def test_cutout_blacks_out_196_of_256_pixels_on_average(monkeypatch):
    cutout = ClippedCutout(16)
    cut = []
    for row in range(32):
        for column in range(32):
            monkeypatch.setattr(cutout, 'random_centre', lambda *size:
                                (row, column))
            image = cutout(dict(img=np.ones((32, 32, 3), np.uint8)))['img']
            expected = np.ones((32, 32), np.uint8)
            for i in range(row - 8, row + 8):
                for j in range(column - 8, column + 8):
                    if 0 <= i < 32 and 0 <= j < 32:
                        expected[i, j] = 0
            assert (image == expected[..., None]).all()
            cut.append((image[..., 0] == 0).sum())
    assert np.mean(cut) == 196 and max(cut) == 256 and min(cut) == 64


def test_cutout_draws_every_centre_and_keeps_the_image_that_it_got():
    np.random.seed(0)
    cutout = ClippedCutout(2)
    centres = np.array([cutout.random_centre(4, 8) for _ in range(4000)])
    for axis, size in ((0, 4), (1, 8)):
        found = np.bincount(centres[:, axis], minlength=size) / 4000
        assert found == pytest.approx(np.full(size, 1 / size), abs=0.03)
    image = np.ones((4, 8), np.uint8)
    assert (cutout(dict(img=image))['img'] == 0).any() and image.all()


@pytest.mark.parametrize('length', [0, -2, 15])
def test_cutout_of_no_even_length_is_refused(length):
    with pytest.raises(ValueError, match=f'even length.*{length}'):
        ClippedCutout(length)


def rand_augment():
    """That of PaCo on ImageNet-LT and iNaturalist 2018."""
    steps = [
        load(name).train_dataloader.dataset.pipeline[1].transforms[0][-1]
        for name in ('paco_resnext50_imagenet-lt',
                     'paco_resnet50_inaturalist2018')
    ]
    assert steps[0] == steps[1]
    return TRANSFORMS.build(steps[0])


def name_of(policy):
    name = dict(ColorTransform='Color').get(policy['type'], policy['type'])
    return name + dict(
        horizontal='X', vertical='Y').get(policy.get('direction'), '')


def photo():
    """(224, 224, 3) RGB, smooth with some noise, of all brightnesses."""
    rng = np.random.default_rng(0)
    smooth = cv2.resize(
        rng.uniform(0, 255, (7, 7, 3)), (224, 224),
        interpolation=cv2.INTER_CUBIC)
    noisy = smooth + rng.normal(0, 6, smooth.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def change(image, other):
    return np.abs(image.astype(float) - np.asarray(other, float)).mean()


def at_level(op, level, sign):
    op.prob, op.magnitude_level, op.magnitude_std = 1., level, 0.
    if op.random_negative_prob:
        op.random_negative_prob = float(sign < 0)
    return op


def test_each_op_of_paco_changes_an_image_as_that_of_its_code_does():
    image = photo()
    found = rand_augment()
    for policy, op in zip(found.policies, found.transforms):
        name, moves = name_of(policy), 'interpolation' in policy
        for level in LEVELS:
            for sign in (1, -1) if moves else (1, ):
                bgr = image[..., ::-1].copy()
                ours = at_level(op, level, sign)(dict(img=bgr))['img']
                ours = ours[..., ::-1]
                way = WAYS.get(policy.get('interpolation'))
                # A move to the left is that of the other sign in Pillow.
                theirs = min(
                    (augmented(name, Image.fromarray(image), level, s, way)
                     for s in ((1, -1) if moves else (1, ))),
                    key=lambda other: change(ours, other))
                case = name, level, sign
                # Pillow's maps lie half a pixel off OpenCV's, and it rounds
                # the smooth image that it sharpens against.
                assert change(ours, theirs) < (4 if moves else 1.1), case
                assert change(image, ours) == pytest.approx(
                    change(image, theirs), rel=0.03, abs=0.15), case


def test_every_op_is_drawn_once_in_fifteen_times_and_half_of_them_act():
    found = rand_augment()
    names = [name_of(policy) for policy in found.policies]
    assert sorted(names) == sorted(2 * [*{*names}]) and len({*names}) == 15
    assert found.num_policies == 2 and found.magnitude_std == 0.5
    assert {op.prob for op in found.transforms} == {0.5}
    negative = {
        name
        for name, op in zip(names, found.transforms)
        if op.random_negative_prob and op.magnitude_range
    }
    assert negative == {
        'Rotate', 'ShearX', 'ShearY', 'TranslateX', 'TranslateY'
    }


def test_paco_keeps_4_or_3_bits_and_brightens_to_1_9_at_most():
    np.random.seed(0)
    ops = {
        name_of(policy): op
        for policy, op in zip(rand_augment().policies,
                              rand_augment().transforms)
    }
    gray = np.arange(256, dtype=np.uint8)[:, None, None]
    gray = np.broadcast_to(gray, (256, 4, 3)).copy()
    for op in ops.values():
        op.prob = 1.
    bits = [
        len(np.unique(ops['Posterize'](dict(img=gray))['img']))
        for _ in range(400)
    ]
    assert {*bits} == {8, 16}
    assert np.mean(np.equal(bits, 16)) == pytest.approx(0.5, abs=0.08)
    solarized = [(ops['Solarize'](dict(img=gray))['img'] != gray).mean()
                 for _ in range(400)]
    assert np.mean(np.equal(solarized, 0)) == pytest.approx(0.5, abs=0.08)
    assert max(solarized) < 0.2  # of pixels of all values
    factors = [1 + ops['Brightness'].random_magnitude() for _ in range(400)]
    assert 1.5 < min(factors) and max(factors) == pytest.approx(1.9)
