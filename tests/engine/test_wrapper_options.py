# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Options of DistributedDataParallel and of a run, in two processes."""
import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from tests.engine.curvature_run import CurvedClassifier
from tests.engine.two_processes import in_two_processes, train

OPTIONS = {
    'none':
    dict(),
    'static_graph':
    dict(wrapper=dict(static_graph=True)),
    'find_unused_parameters':
    dict(wrapper=dict(find_unused_parameters=True), model='Spare'),
    'accumulative_counts':
    dict(
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1), accumulative_counts=2)),
    'ema':
    dict(hooks=[dict(type='EMAHook', momentum=0.1)]),
}
SAVING = dict(type='CheckpointHook', interval=1)


@MODELS.register_module()
class Spare(CurvedClassifier):
    """With a layer that the loss does not use."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(2, 2)


def work(rank, folder):
    found = {
        name: train(folder / name, **{
            'wrapper': {},
            **options
        })
        for name, options in OPTIONS.items()
    }
    sharded = dict(wrapper={}, checkpoint=SAVING, max_epochs=3)
    found['whole'] = train(folder / 'whole', **sharded)
    found['resumed'] = train(
        folder / 'resumed',
        resume=True,
        load_from=str(folder / 'whole' / 'epoch_2.pth'),
        **sharded)
    return found


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    return in_two_processes(work, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('name', OPTIONS)
def test_run_with_the_option_ends_as_one_process(tmp_path, ranks, name):
    alone = dict(OPTIONS[name], wrapper=None)
    alone = train(tmp_path, **alone)
    for rank in ranks:
        rank = rank[name]
        assert rank['wrapper'] == 'MMDistributedDataParallel'
        for weights in ('weights', 'averaged'):
            torch.testing.assert_close(rank[weights], alone[weights])
        assert bool(rank['averaged']) == (name == 'ema')
        for name_of in ('term', 'objective'):
            assert rank[name_of] == pytest.approx(alone[name_of], rel=1e-5)


@pytest.mark.parametrize('name', OPTIONS)
def test_processes_with_the_option_share_one_pool_and_term(ranks, name):
    first, second = (rank[name] for rank in ranks)
    assert len(first['pool']) + len(second['pool']) == 96 + 40 + 8
    assert first['term'] == second['term']


def test_resumed_run_repeats_the_shards_of_the_uninterrupted_one(ranks):
    for rank in ranks:
        whole, resumed = rank['whole'], rank['resumed']
        assert resumed['term'] == whole['term'][-len(resumed['term']):]
        for name in ('pool', 'images'):
            assert torch.equal(whole[name], resumed[name])
        for name, value in whole['weights'].items():
            assert torch.equal(value, resumed['weights'][name])
    first, second = (rank['whole']['pool'] for rank in ranks)
    assert len(first) + len(second) == 96 + 40 + 8
