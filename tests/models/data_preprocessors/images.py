# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Batches for the tests, and the frequencies that are seen in them."""
import numpy as np
import torch
from scipy.stats import chisquare

from mmcurv.models.data_preprocessors.batch_crop import pad_images

REPETITIONS = 400  # expected draws of each outcome


def noise(shape=(6, 3, 9, 16), seed=0):
    """Random uint8 images (B, C, H, W)."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(1, 256, shape, np.uint8))


def coded(height=6, width=5):
    """One image (1, 1, H, W) whose every pixel is its position plus one."""
    positions = torch.arange(1, height * width + 1, dtype=torch.uint8)
    return positions.view(1, 1, height, width)


def as_pipeline(image):
    """(C, H, W) to what a pipeline has, (H, W, C) in NumPy."""
    return image.permute(1, 2, 0).numpy()


def by_pipeline(transform, images):
    """A transform of mmpretrain, image by image."""
    done = [
        np.atleast_3d(
            transform.transform(dict(img=as_pipeline(image)))['img'])
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
    padded = pad_images(image, padding)
    rows, columns = (side - size + 1 for side in padded.shape[2:])
    return torch.cat([
        padded[:, :, i:i + size, j:j + size] for i in range(rows)
        for j in range(columns)
    ])
