# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from . import shapes
from .class_curvature import ClassCurvature, class_curvature
from .curvature import PointCurvature, point_curvature
from .dimension import intrinsic_dimension
from .neighbors import knn
from .radius import mean_radius
from .separation import pairwise_separation, separation_degree
from .volume import class_volume, manifold_volume

__all__ = [
    'ClassCurvature', 'PointCurvature', 'class_curvature', 'class_volume',
    'intrinsic_dimension', 'knn', 'manifold_volume', 'mean_radius',
    'pairwise_separation', 'point_curvature', 'separation_degree', 'shapes'
]
