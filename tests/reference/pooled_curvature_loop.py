# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class curvatures from remembered and live points, one point at a time.

Algorithm 4 of Ma et al. with the departures that the package names: a batch
replaces its own stale features, the points to refresh are measured among the
merged features of their class, all others keep what was measured last.
"""
import math

import numpy as np

from .curvature_loop import fit_loop, frame_loop


class PooledLoop:
    """A pool addressed by image, without a cap, and what it remembers.

    Args:
        label_of (Sequence[int]): Class of each image.
        num_classes (int): C.
        k (int): Neighbours.
        tangent_dim (int): m.
        ridge (float): Relative ridge.
        refresh (str): 'batch' or 'all'.
        normalize (bool): Measure features over their norms.
    """

    def __init__(self,
                 label_of,
                 num_classes,
                 k,
                 tangent_dim,
                 ridge,
                 refresh,
                 normalize=False):
        self.label_of = label_of
        self.num_classes = num_classes
        self.k = k
        self.m = tangent_dim
        self.ridge = ridge
        self.refresh = refresh
        self.normalize = normalize
        self.stored = {}  # image -> feature
        self.remembered = None  # image -> log|det|

    def store(self, images, features):
        """Fill the pool without measuring."""
        self.stored = {**self.stored, **dict(zip(images, features))}

    def step(self, images, features):
        """log G (C,) with the batch in its places; then store the batch."""
        if self.remembered is None:
            self.remembered = self.measure(self.stored, self.stored)
        values = self.values(images, features)
        self.store(images, features)
        self.remembered = values
        return self.class_logs(values)

    def values(self, images, features, frames=None):
        """log|det| of every image with the batch in its places."""
        merged = {**self.stored, **dict(zip(images, features))}
        anchors = list(merged) if self.refresh == 'all' else images
        return {**self.remembered, **self.measure(merged, anchors, frames)}

    def measure(self, stored, anchors, frames=None):
        """log|det| of each anchor among its class.

        ``frames`` is a dict image -> (neighbours, frame); what it holds is
        taken as it is, what it lacks is added to it.
        """
        frames = {} if frames is None else frames
        if self.normalize:
            stored = {
                image: feature / max(np.linalg.norm(feature), 1e-300)
                for image, feature in stored.items()
            }
        out = {}
        for image in anchors:
            if image not in frames:
                frames[image] = self.frame(stored, image)
            neighbors, frame = frames[image]
            out[image] = math.nan
            if frame is not None:
                points = np.stack([stored[i] for i in [image, *neighbors]])
                theta, _, _ = fit_loop(points, 0, np.arange(1, len(points)),
                                       frame, 'ridge', self.ridge)
                out[image] = math.log(abs(np.linalg.det(theta)))
        return out

    def frame(self, stored, image):
        """Nearest images of the same class, and the frame they span."""
        others = [
            other for other in stored
            if other != image and self.label_of[other] == self.label_of[image]
        ]
        others.sort(key=lambda i: np.sum((stored[i] - stored[image])**2))
        neighbors = others[:self.k]
        if len(neighbors) < max(self.m * (self.m + 1) // 2, self.m + 1):
            return neighbors, None
        points = np.stack([stored[i] for i in [image, *neighbors]])
        return neighbors, frame_loop(points, 0, np.arange(1, len(points)),
                                     self.m)

    def class_logs(self, values):
        """log of the mean |det| of each class, nan for none (C,)."""
        dets = [[] for _ in range(self.num_classes)]
        for image, value in values.items():
            if not math.isnan(value):
                dets[self.label_of[image]].append(math.exp(value))
        return np.array([
            math.log(sum(own) / len(own)) if own else math.nan for own in dets
        ])
