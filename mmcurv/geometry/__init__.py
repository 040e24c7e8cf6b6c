# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_curvature import ClassCurvature, class_curvature
from .curvature import PointCurvature, point_curvature
from .neighbors import knn

__all__ = [
    'ClassCurvature', 'PointCurvature', 'class_curvature', 'knn',
    'point_curvature'
]
