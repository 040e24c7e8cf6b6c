# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Options of DistributedDataParallel and of a run, in two processes."""
import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from tests.engine.curvature_run import CurvedClassifier
from tests.engine.two_processes import in_two_processes, train

LAYOUTS = ('replicated', 'sharded')
OPTIONS = {
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
    found = {}
    for layout in LAYOUTS:
        for name, options in OPTIONS.items():
            found[name, layout] = train(
                folder / f'{name}-{layout}',
                pool=dict(layout=layout),
                **{
                    'wrapper': {},
                    **options
                })
    sharded = dict(
        wrapper={},
        pool=dict(layout='sharded'),
        checkpoint=SAVING,
        max_epochs=3)
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


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('name', OPTIONS)
def test_run_with_the_option_ends_as_one_process(tmp_path, ranks, name,
                                                 layout):
    alone = dict(OPTIONS[name], wrapper=None)
    alone = train(tmp_path, **alone)
    for rank in ranks:
        rank = rank[name, layout]
        assert rank['wrapper'] == 'MMDistributedDataParallel'
        for weights in ('weights', 'averaged'):
            torch.testing.assert_close(rank[weights], alone[weights])
        assert bool(rank['averaged']) == (name == 'ema')
        assert rank['term'] == pytest.approx(alone['term'], rel=1e-5)


@pytest.mark.parametrize('name', OPTIONS)
def test_processes_with_the_option_hold_one_pool(ranks, name):
    first, second = (rank[name, 'replicated'] for rank in ranks)
    assert torch.equal(first['pool'], second['pool'])
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
