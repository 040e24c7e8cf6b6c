# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpretrain.models.utils.batch_augments import CutMix

from mmcurv.engine.cutmix_box import Box, draw_box, share_outside


class Centre:
    """Returns the numbers it was given."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def integers(self, high):
        return self.numbers.pop(0)


@pytest.mark.parametrize('row, column, expected', [
    (16, 10, Box(8, 24, 2, 18)),
    (0, 31, Box(0, 8, 23, 32)),
    (31, 0, Box(23, 32, 0, 8)),
])
def test_box_of_three_quarters_has_half_the_sides(row, column, expected):
    assert draw_box(Centre(row, column), 32, 32, 0.75) == expected


def test_boxes_are_those_of_mmpretrain(monkeypatch):
    rng = np.random.default_rng(0)
    for _ in range(200):
        share = rng.beta(1, 1)
        row, column = int(rng.integers(24)), int(rng.integers(40))
        centre = [row, column]
        monkeypatch.setattr(np.random, 'randint',
                            lambda *args, **kwargs: centre.pop(0))
        top, bottom, left, right = CutMix(alpha=1.).rand_bbox((24, 40), share)
        box = draw_box(Centre(row, column), 24, 40, share)
        assert box == (top, bottom, left, right)


def test_share_outside_counts_the_pixels_that_are_left():
    rng = np.random.default_rng(1)
    for _ in range(50):
        box = draw_box(rng, 12, 20, rng.beta(1, 1))
        pixels = np.ones((12, 20))
        pixels[box.top:box.bottom, box.left:box.right] = 0
        assert share_outside(box, 12, 20) == pytest.approx(pixels.mean())


def test_border_leaves_more_of_the_image_than_was_asked_for():
    rng = np.random.default_rng(2)
    shares = [
        share_outside(draw_box(rng, 32, 32, 0.5), 32, 32) for _ in range(2000)
    ]
    assert min(shares) == 1 - (22 / 32)**2  # int(32 * sqrt(0.5)) = 22
    # A side of 2h and a uniform centre 0 to 31 leave sum(min(c + h, 32) -
    # max(c - h, 0)) / 32 of it on average.
    side = np.mean([min(c + 11, 32) - max(c - 11, 0) for c in range(32)]) / 32
    assert np.mean(shares) == pytest.approx(1 - side**2, abs=0.01)


def test_image_that_is_kept_whole_has_an_empty_box():
    box = draw_box(Centre(3, 4), 32, 32, 1.)
    assert box == (3, 3, 4, 4)
    assert share_outside(box, 32, 32) == 1


def test_all_centres_are_drawn_alike():
    rng = np.random.default_rng(3)
    tops = [draw_box(rng, 4, 8, 1.) for _ in range(4000)]
    rows = np.bincount([box.top for box in tops], minlength=4) / 4000
    columns = np.bincount([box.left for box in tops], minlength=8) / 4000
    assert np.abs(rows - 1 / 4).max() < 0.03
    assert np.abs(columns - 1 / 8).max() < 0.03
