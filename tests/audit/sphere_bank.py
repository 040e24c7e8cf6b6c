# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A feature bank of spheres, whose curvature is known."""
import numpy as np

from mmcurv.audit.feature_bank import FeatureBank

SCRIPT = '<script>alert("x")</script>'


def sphere_bank(counts=(120, 90, 70, 60, 50, 40), p=5, seed=0, **changes):
    """Class c lies on a 2-sphere of radius 1 + c / 2 about its own centre.

    The predictions of class c are right for all but a share c / 10 of its
    samples, which are taken for class c - 1.

    Args:
        counts (Sequence[int]): Samples of each class.
        p (int): Features, at least 3.
        seed (int): Of points and predictions.
        **changes: Fields of the bank that are to be others.

    Returns:
        FeatureBank: Samples of all classes in mixed order.
    """
    rng = np.random.default_rng(seed)
    clouds, labels, predictions = [], [], []
    for c, n in enumerate(counts):
        points = rng.normal(size=(n, 3))
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        cloud = np.zeros((n, p))
        cloud[:, :3] = (1 + c / 2) * points
        clouds.append(cloud + 10 * rng.normal(size=p))
        labels += [c] * n
        wrong = round(n * c / 10)
        predictions += [max(c - 1, 0)] * wrong + [c] * (n - wrong)
    order = rng.permutation(len(labels))
    names = [f'class {c}' for c in range(len(counts))]
    names[1:2] = [SCRIPT] * (len(counts) > 1)
    fields = dict(
        features=np.concatenate(clouds)[order].astype(np.float32),
        labels=np.array(labels)[order],
        predictions=np.array(predictions)[order],
        confidence=rng.uniform(0.3, 1, len(order)),
        class_names=names,
        train_counts=np.array([500, 300, 150, 90, 40, 10][:len(counts)]),
        paths=[f'images/{i}.png' for i in range(len(order))],
        metadata=dict(split='train', model='spheres'))
    fields.update(changes)
    return FeatureBank(**fields)
