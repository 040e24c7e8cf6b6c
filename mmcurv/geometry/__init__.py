# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .curvature import (ClassCurvature, PointCurvature, class_curvature,
                        point_curvature)
from .difficulty import (local_spread, neighbor_purity, relative_spread,
                         surface_variation, tangent_variation)
from .measures import intrinsic_dimension, mean_radius
from .neighbors import knn
from .volume import (class_volume, manifold_volume, pairwise_separation,
                     separation_degree)

__all__ = [
    'ClassCurvature', 'PointCurvature', 'class_curvature', 'class_volume',
    'intrinsic_dimension', 'knn', 'local_spread', 'manifold_volume',
    'mean_radius', 'neighbor_purity', 'pairwise_separation', 'point_curvature',
    'relative_spread', 'separation_degree', 'surface_variation',
    'tangent_variation'
]
