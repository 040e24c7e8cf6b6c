# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Spread and tangent variation of pooled points, one neighbour at a time."""
import math

import numpy as np

from .pooled_curvature_loop import PooledLoop


class SpreadLoop(PooledLoop):
    """The mean squared distance to the neighbours in the place of |det|."""

    def measure(self, stored, anchors, frames=None):
        """``frames`` is a dict image -> neighbours, see the base."""
        frames = {} if frames is None else frames
        out = {}
        for image in anchors:
            if image not in frames:
                frames[image] = self.near(stored, image)
            squares = [
                np.sum((stored[j] - stored[image])**2) for j in frames[image]
            ]
            out[image] = math.log(np.mean(squares)) if squares else math.nan
        return out

    def near(self, stored, image):
        others = [
            other for other in stored
            if other != image and self.label_of[other] == self.label_of[image]
        ]
        others.sort(key=lambda i: np.sum((stored[i] - stored[image])**2))
        return others[:self.k]


class TangentLoop(SpreadLoop):
    """Mean squared sine to the neighbours' tangent spaces as they were when
    each was measured last, in the place of |det|."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.spaces = {}  # image -> projection (p, p), or None

    def prime(self):
        self.remember(self.stored, self.stored)
        self.remembered = self.measure(self.stored, self.stored)

    def remember(self, stored, anchors):
        fresh = {
            image: self.space(stored, image, self.near(stored, image))
            for image in anchors
        }
        self.spaces.update(fresh)

    def step(self, images, features):
        logs = super().step(images, features)
        self.remember(self.stored,
                      self.stored if self.refresh == 'all' else images)
        return logs

    def measure(self, stored, anchors, frames=None):
        frames = {} if frames is None else frames
        out = {}
        for image in anchors:
            if image not in frames:
                frames[image] = self.near(stored, image)
            own = self.space(stored, image, frames[image])
            others = [self.spaces.get(j) for j in frames[image]]
            others = [space for space in others if space is not None]
            out[image] = math.nan
            if own is not None and others:
                cosines = [np.trace(own @ space) / self.m for space in others]
                sine = np.mean([1 - c for c in cosines])
                # Flat, which the class logs of the base cannot hold.
                out[image] = math.log(sine) if sine > 1e-12 else math.nan
        return out

    def space(self, stored, image, near):
        """Projection on the m largest principal directions."""
        if len(near) < self.m:
            return None
        cloud = np.stack([stored[i] for i in [image, *near]])
        cloud = cloud - cloud.mean(0)
        vectors = np.linalg.eigh(cloud.T @ cloud)[1][:, -self.m:]
        return vectors @ vectors.T
