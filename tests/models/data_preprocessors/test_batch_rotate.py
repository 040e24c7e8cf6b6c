# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import mmcv
import pytest
import torch
from mmengine.config import Config
from mmpretrain.datasets.transforms import Rotate
from scipy.stats import kstest

from mmcurv.models.data_preprocessors import batch_rotate
from mmcurv.models.data_preprocessors.batch_rotate import (BatchRotate,
                                                           rotate_images)
from tests.models.data_preprocessors.images import by_pipeline, noise
from tests.shipped_configs import ROOT

HALF_WAY = 0.003  # of the pixels, where OpenCV rounds the other way


@pytest.mark.parametrize('shape', [(64, 3, 32, 32), (64, 1, 28, 28)])
def test_forced_angles_turn_as_in_the_pipeline(shape):
    images = noise(shape)
    angles = torch.linspace(-15, 15, len(images))
    expected = torch.cat([
        by_pipeline(
            Rotate(angle.item(), prob=1., random_negative_prob=0., pad_val=0),
            image[None]) for angle, image in zip(angles, images)
    ])
    found = rotate_images(images, angles, pad_val=0)
    assert (found != expected).float().mean() < HALF_WAY


@pytest.mark.parametrize('angle, turns', [(0, 0), (90, -1), (180, 2),
                                          (-90, 1)])
def test_right_angles_are_exact(angle, turns):
    images = noise((3, 2, 8, 8))
    found = rotate_images(images, torch.full((3, ), float(angle)))
    assert torch.equal(found, images.rot90(turns, (2, 3)))


def test_what_comes_from_outside_has_the_fill_of_the_pipeline():
    image = noise((1, 3, 20, 20))
    found = rotate_images(image, torch.tensor([45.]), pad_val=(7, 8, 9))
    expected = mmcv.imrotate(
        image[0].permute(1, 2, 0).numpy(),
        45,
        border_value=(7, 8, 9),
        interpolation='nearest')
    assert found[0, :, 0, 0].tolist() == expected[0, 0].tolist() == [7, 8, 9]


@pytest.fixture
def angles(monkeypatch):
    """Angles by which images are turned."""
    seen = []
    rotate = batch_rotate.rotate_images

    def watch(images, angles, pad_val):
        seen.extend(angles.tolist())
        return rotate(images, angles, pad_val)

    monkeypatch.setattr(batch_rotate, 'rotate_images', watch)
    return seen


def test_angles_are_uniform_as_in_the_ride_config(angles):
    cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'datasets' /
                          'cifar100_lt_rotated.py')
    step, = (step for step in cfg.train_pipeline if step.type == 'Rotate')
    options = {k: v for k, v in step.items() if k != 'type'}
    pipeline = Rotate(**options)
    stock = [
        pipeline.random_negative(pipeline.random_magnitude())
        for _ in range(4000)
    ]
    torch.manual_seed(0)
    BatchRotate(
        15, prob=step.prob, pad_val=step.pad_val)(
            torch.zeros(4000, 1, 2, 2))
    uniform = dict(cdf='uniform', args=(-15, 30))
    assert kstest(angles, **uniform).pvalue > 1e-3
    assert kstest(stock, **uniform).pvalue > 1e-3


def test_images_that_are_not_chosen_stay(angles):
    torch.manual_seed(0)
    images = noise((1000, 1, 4, 4))
    found = BatchRotate(60, prob=0.3)(images)
    still = torch.tensor(angles) == 0
    assert still.float().mean().item() == pytest.approx(0.7, abs=0.05)
    assert torch.equal(found[still], images[still])


@pytest.mark.parametrize('arguments, words', [
    (dict(max_angle=-1), 'max_angle'),
    (dict(max_angle=15, prob=2.), 'prob'),
])
def test_arguments_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        BatchRotate(**arguments)
