# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from mmcurv.engine.show_geometry import MEASURES, show_geometry


def visualizer_of(writer):
    """What the hook needs of a visualizer."""
    return SimpleNamespace(
        add_scalars=lambda *args, **kwargs: None,
        _vis_backends=dict(board=SimpleNamespace(experiment=writer)))


def record_of(values):
    return dict(
        epoch=1, mean={}, imbalance={}, **{name: values
                                           for name in MEASURES})


def test_values_beyond_the_bins_of_tensorboard_are_left_out(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:  # fails for them
        show_geometry(visualizer_of(writer), record_of([1e31, 2e31]))


def test_values_within_the_bins_are_kept():
    shown = {}
    writer = SimpleNamespace(
        add_histogram=lambda name, values, epoch: shown.update({name: values}))
    show_geometry(visualizer_of(writer), record_of([1., 1e31, np.nan, -2.]))
    assert set(shown) == {f'geometry/{name}' for name in MEASURES}
    for values in shown.values():
        assert values.tolist() == [1, -2]
