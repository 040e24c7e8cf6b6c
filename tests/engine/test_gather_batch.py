# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Two processes with half a batch each are one process with the batch."""
import importlib
import os
import socket
from contextlib import contextmanager

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmpretrain.structures import DataSample

from mmcurv.engine.curvature_step import CurvatureStep
from mmcurv.engine.gather_batch import gather_batch
from tests.engine.curvature_run import (build, hook_of, points, pool_hook,
                                        scalars)

module = importlib.import_module('mmcurv.engine.gather_batch')

COUNTS = (20, 12, 8)
STEPS = 3


def run_steps(rank, world_size, sizes):
    """Losses, gradients and pool after steps of CR on shares of a batch."""
    labels = torch.arange(3).repeat_interleave(torch.tensor(COUNTS))
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(len(labels), 5, generator=generator)
    weight = torch.randn(5, 6, generator=generator).requires_grad_()
    step = CurvatureStep('skip', None, dict(k=6), None)
    step.prepare(COUNTS, None)
    terms, gradients = [], []
    for number in range(STEPS + 1):
        order = torch.randperm(len(labels), generator=generator)
        rows = order.split(
            sizes)[rank] if world_size > 1 else order[:sum(sizes)]
        if number == 0:  # fill the pool
            half = len(labels) // world_size
            rows = order[rank * half:(rank + 1) * half]
        samples = [
            DataSample(metainfo=dict(sample_idx=i)).set_gt_label(
                labels[i].item()) for i in rows.tolist()
        ]
        features = points[rows] @ weight
        original = features.square().mean()
        term, _ = step(features, samples, original, 10, number > 0)
        if number:
            gradient, = torch.autograd.grad(original + term, weight)
            if world_size > 1:  # as DistributedDataParallel does
                dist.all_reduce(gradient)
                gradient /= world_size
            terms.append(term.item())
            gradients.append(gradient)
    return terms, gradients, step.curvature.pool.features.clone()


def train(work_dir, **config):
    """Weights, pool and logged objective of a real run.

    In float64: the curvature of few points in four dimensions amplifies the
    rounding of float32 so fast that runs part within an epoch.
    """
    runner = build(
        work_dir,
        pool_hook(pool=dict(dtype='float64')),
        default_hooks=dict(checkpoint=None),
        **config)
    batch = 16 // runner.world_size
    runner._train_dataloader.update(
        batch_size=batch, dataset=points(counts=(96, 40, 8)))
    runner.train()
    pool = hook_of(runner).step.curvature.pool
    model = getattr(runner.model, 'module', runner.model)
    return dict(
        wrapper=type(runner.model).__name__,
        weights=model.state_dict(),
        pool=pool.features,
        images=pool.image,
        objective=scalars(runner, 'objective'),
        term=scalars(runner, 'loss_curvature'))


@contextmanager
def float64():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def process(rank, folder, port):
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE='2',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port))
    dist.init_process_group('gloo')
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    results = dict(
        equal=run_steps(rank, 2, [8, 8, 24]),
        unequal=run_steps(rank, 2, [11, 1, 28]))
    with float64():
        results['run'] = train(
            folder / 'both',
            launcher='pytorch',
            cfg=dict(model_wrapper_cfg=wrapper))
    torch.save(results, folder / f'rank{rank}.pt')
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What two processes ended with."""
    folder = tmp_path_factory.mktemp('ranks')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(process, (folder, port), nprocs=2)
    return [
        torch.load(folder / f'rank{rank}.pt', weights_only=False)
        for rank in range(2)
    ]


def test_two_processes_give_the_loss_and_gradient_of_one(ranks):
    terms, gradients, pool = run_steps(0, 1, [8, 8])
    for rank in ranks:
        rank = rank['equal']
        torch.testing.assert_close(rank[0], terms, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(rank[1], gradients, rtol=1e-5, atol=1e-6)
        # Ranks may take slots in another order than one process did.
        torch.testing.assert_close(rank[2].sort(0).values, pool.sort(0).values)


def test_processes_with_unequal_shares_hold_the_same_pool(ranks):
    first, second = (rank['unequal'] for rank in ranks)
    assert torch.equal(first[2], second[2])
    assert first[0] == second[0]


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    with float64():
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
    monkeypatch.setattr(module, 'all_gather', lambda values: [values] * 3)
    features = torch.randn(1000, 1).to(dtype).requires_grad_()
    gathered, _, _ = gather_batch(features, torch.zeros(1000))
    for part in gathered.split(1000):
        assert torch.equal(part, features)
    gathered.sum().backward()
    assert (features.grad == 3).all()
