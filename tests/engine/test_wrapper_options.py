# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Options of DistributedDataParallel, in two processes."""
import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from tests.engine.curvature_run import CurvedClassifier
from tests.engine.two_processes import in_two_processes, train

WRAPPERS = {
    'static_graph': dict(static_graph=True),
    'find_unused_parameters': dict(find_unused_parameters=True),
}
MODEL = dict(static_graph='CurvedClassifier', find_unused_parameters='Spare')


@MODELS.register_module()
class Spare(CurvedClassifier):
    """With a layer that the loss does not use."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(2, 2)


def work(rank, folder):
    return {
        name: train(folder / name, wrapper=wrapper, model=MODEL[name])
        for name, wrapper in WRAPPERS.items()
    }


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    return in_two_processes(work, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('name', WRAPPERS)
def test_run_with_the_option_ends_as_one_process(tmp_path, ranks, name):
    alone = train(tmp_path, model=MODEL[name])
    for rank in ranks:
        assert rank[name]['wrapper'] == 'MMDistributedDataParallel'
        torch.testing.assert_close(rank[name]['weights'], alone['weights'])
        assert rank[name]['term'] == pytest.approx(alone['term'], rel=1e-5)


@pytest.mark.parametrize('name', WRAPPERS)
def test_processes_with_the_option_hold_one_pool(ranks, name):
    first, second = (rank[name] for rank in ranks)
    assert torch.equal(first['pool'], second['pool'])
    assert first['term'] == second['term']
