# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

import pytest

import mmcurv

PACKAGE = Path(mmcurv.__file__).parent
LICENCE = '# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.'

# Stands before each computation: OpenMMLab, plotting and scikit-learn are as
# good as not installed, and the last line shows it.
WITHOUT_OPENMMLAB = """
import sys

BLOCKED = {'mmengine', 'mmcv', 'mmpretrain', 'matplotlib', 'sklearn'}


class Blocker:

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition('.')[0] in BLOCKED:
            raise ModuleNotFoundError(f'{name} is blocked')
        return None


sys.meta_path.insert(0, Blocker)
try:
    import mmengine
except ModuleNotFoundError as error:
    assert 'blocked' in str(error)
else:
    raise SystemExit('the blocker does not block')
"""

GEOMETRY = """
import torch
from mmcurv.geometry import class_curvature, knn, manifold_volume

points = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
assert knn(points, 3).shape == (60, 3)
assert manifold_volume(points) > 0
curvature = class_curvature(points, torch.arange(60) % 2, 2, k=10)
assert torch.isfinite(curvature.value).all()
"""

FAIRNESS = """
import numpy as np
from mmcurv.fairness import gini, pearson

assert gini(np.array([0.5, 0.5])).value == 0
assert abs(pearson([1., 2., 4., 7.], [2., 4., 8., 14.]).value - 1) < 1e-12
"""

REGULARIZATION = """
import torch
from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature)

generator = torch.Generator().manual_seed(0)
features = torch.randn(60, 5, generator=generator, requires_grad=True)
labels = torch.arange(60) % 2
pool = FeaturePool([30, 30], feature_dim=5, addressing='fifo')
curvature = PooledCurvature(pool, k=10)
term = CurvatureRegularization(tau=100)(
    curvature(features, labels), features.square().mean(), epoch=7)
term.backward()
assert torch.isfinite(features.grad).all() and features.grad.any()
"""


@pytest.mark.parametrize(
    'computation', [GEOMETRY, FAIRNESS, REGULARIZATION],
    ids=['geometry', 'fairness', 'regularization'])
def test_room_computes_without_openmmlab(computation):
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT_OPENMMLAB + computation],
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr


def test_every_file_starts_with_its_licence():
    files = [
        path for path in sorted(PACKAGE.rglob('*.py'))
        if '.mim' not in path.parts
    ]
    assert len(files) > 20
    assert [
        str(path.relative_to(PACKAGE)) for path in files
        if path.read_text().partition('\n')[0] != LICENCE
    ] == []
