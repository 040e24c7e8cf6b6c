# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Two processes with half a batch each are one process with the batch."""
import importlib

import pytest
import torch

from mmcurv.engine.gather_batch import gather_batch
from tests.engine.shared_steps import run_steps
from tests.engine.two_processes import in_two_processes, train

module = importlib.import_module('mmcurv.engine.gather_batch')


def seen(rank, sizes):
    done = run_steps(rank, 2, sizes)
    pool = done.pop('step').curvature.pool.features
    return dict(done, pool=pool)


def work(rank, folder):
    return dict(
        equal=seen(rank, [8, 8]),
        unequal=seen(rank, [11, 1]),
        run=train(folder / 'both', wrapper={}))


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What two processes ended with."""
    return in_two_processes(work, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('shares', ['equal', 'unequal'])
def test_two_processes_give_the_loss_and_gradient_of_one(ranks, shares):
    size = dict(equal=16, unequal=12)[shares]
    alone = run_steps(0, 1, [size])
    pool = alone['step'].curvature.pool.features
    for rank in ranks:
        rank = rank[shares]
        for name in ('terms', 'gradients'):
            torch.testing.assert_close(
                rank[name], alone[name], rtol=1e-5, atol=1e-6)
        # Ranks may take slots in another order than one process did.
        torch.testing.assert_close(rank['pool'].sort(0).values,
                                   pool.sort(0).values)


def test_processes_with_unequal_shares_hold_the_same_pool(ranks):
    first, second = (rank['unequal'] for rank in ranks)
    assert torch.equal(first['pool'], second['pool'])
    assert first['terms'] == second['terms']


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    return train(tmp_path_factory.mktemp('alone'))


def test_wrapped_run_ends_with_the_weights_of_one_process(ranks, alone):
    for rank in ranks:
        assert rank['run']['wrapper'] == 'MMDistributedDataParallel'
        torch.testing.assert_close(rank['run']['weights'], alone['weights'])
        assert rank['run']['term'] == pytest.approx(alone['term'], rel=1e-5)


def test_wrapped_run_has_one_pool_and_one_term_on_all_processes(ranks):
    first, second = (rank['run'] for rank in ranks)
    assert torch.equal(first['pool'], second['pool'])
    assert torch.equal(first['images'], second['images'])
    assert first['term'] == second['term']


def test_logged_objective_is_that_of_all_processes(ranks, alone):
    for rank in ranks:
        assert rank['run']['objective'] == pytest.approx(
            alone['objective'], rel=1e-5)


def test_one_process_has_its_batch_back():
    features, labels = torch.randn(4, 3), torch.arange(4)
    batch = gather_batch(features, labels)
    assert batch[0] is features and batch[1] is labels and batch[2] is None


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_rows_of_three_processes_keep_their_values(monkeypatch, dtype):
    monkeypatch.setattr(module, 'get_world_size', lambda: 3)
    monkeypatch.setattr(module, 'get_rank', lambda: 1)
    monkeypatch.setattr('mmcurv.dist.all_gather', lambda values: [values] * 3)
    features = torch.randn(1000, 1).to(dtype).requires_grad_()
    gathered, _, _ = gather_batch(features, torch.zeros(1000))
    for part in gathered.split(1000):
        assert torch.equal(part, features)
    gathered.sum().backward()
    assert (features.grad == 3).all()
