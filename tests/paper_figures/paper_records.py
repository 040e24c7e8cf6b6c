# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Records such as runs and audits write, but tiny."""
import numpy as np

from mmcurv.files import write_json

CURVATURE = ((3., 2., 1.), (4., 2., 1.))
CORRECT = ((2, 4, 6), (5, 7, 9))


def write_run(folder, correct=CORRECT, curvature=CURVATURE, extra=True):
    """A run of two epochs and three classes of ten test images."""
    for i, (right, values) in enumerate(zip(correct, curvature), 1):
        rows = [
            dict(name=f'c{c}', test_count=10, correct=n)
            for c, n in enumerate(right)
        ]
        geometry = dict(
            schema='mmcurv.geometry', schema_version=2, curvature=list(values))
        if extra:
            geometry.update(
                classes=['a', 'b', 'c'],
                log_curvature=np.log(values).tolist(),
                separation=[.1 * i, .2 * i, .4 * i],
                volume=[1., 2., 3.],
                radius=[2., 2., 2.],
                train_loss=1. / i)
        name = f'epoch_{i:03d}.json'
        write_json(str(folder / 'geometry' / name), geometry)
        write_json(
            str(folder / 'class_accuracy' / name),
            dict(
                schema='mmcurv.class_accuracy', schema_version=1,
                classes=rows))
    return str(folder)


def write_audit(path, pearson):
    layers = {
        name: dict(correlation=dict(curvature=dict(pearson=value)))
        for name, value in pearson.items()
    }
    write_json(
        str(path),
        dict(schema='mmcurv.audit', schema_version=2, layers=layers))
    return str(path)
