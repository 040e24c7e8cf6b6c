# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Peak memory of class_curvature on 10 x 1,281 x 2,048, whole process."""
import resource
import time

import torch

from mmcurv.geometry import class_curvature

CLASSES, PER_CLASS, DIM = 10, 1281, 2048


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    before_data = peak()
    features = torch.randn(CLASSES * PER_CLASS, DIM)
    labels = torch.arange(len(features)) % CLASSES
    before = peak()
    started = time.perf_counter()
    result = class_curvature(features, labels, CLASSES)
    return dict(
        what=f'{CLASSES} classes x {PER_CLASS:,} x {DIM:,}, float32',
        seconds=time.perf_counter() - started,
        imports_bytes=before_data,
        with_features_bytes=before,
        peak_bytes=peak(),
        points_used=int(result.points_used.sum()))
