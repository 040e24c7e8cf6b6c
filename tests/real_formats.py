# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Random images in the files that the real data sets come in."""
import pickle

import cv2
import numpy as np


def balanced_labels(num_classes, per_class, rng):
    """(num_classes * per_class,) labels in random order."""
    return rng.permutation(np.repeat(np.arange(num_classes), per_class))


def write_cifar(folder, num_classes, per_class, seed=0):
    """Write CIFAR-10 or CIFAR-100, two test images of each class."""
    rng = np.random.default_rng(seed)
    fine = num_classes == 100
    folder = folder / ('cifar-100-python' if fine else 'cifar-10-batches-py')
    folder.mkdir(parents=True)
    train_names = ['train'
                   ] if fine else [f'data_batch_{i}' for i in range(1, 6)]
    splits = {('test' if fine else 'test_batch'): 1}
    labels = balanced_labels(num_classes, per_class, rng)
    parts = dict(zip(train_names, np.array_split(labels, len(train_names))))
    for name in splits:
        parts[name] = balanced_labels(num_classes, 2, rng)
    for name, part in parts.items():
        images = rng.integers(0, 256, (len(part), 3 * 32 * 32), np.uint8)
        key = 'fine_labels' if fine else 'labels'
        with open(folder / name, 'wb') as f:
            pickle.dump({'data': images, key: part.tolist()}, f)


def write_fashion_mnist(folder, per_class, seed=0):
    """Write the four idx files, ``per_class`` images in either split."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for split in ('train', 't10k'):
        labels = balanced_labels(10, per_class, rng).astype(np.uint8)
        images = rng.integers(0, 256, (len(labels), 28, 28), np.uint8)
        for kind, array in (('images-idx3', images), ('labels-idx1', labels)):
            header = np.array([0x0800 + array.ndim, *array.shape], '>u4')
            (folder / f'{split}-{kind}-ubyte').write_bytes(header.tobytes() +
                                                           array.tobytes())


def write_class_folders(folder, num_classes, per_class, seed=0):
    """Write ``train`` and ``test``, each with one folder of PNGs a class."""
    rng = np.random.default_rng(seed)
    for split in ('train', 'test'):
        for c in range(num_classes):
            path = folder / split / f'class_{c:03d}'
            path.mkdir(parents=True)
            for i in range(per_class):
                image = rng.integers(0, 256, (32, 32, 3), np.uint8)
                cv2.imwrite(str(path / f'{i:03d}.png'), image)
