# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Two processes with half a batch each are one process with the batch."""
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmpretrain.structures import DataSample

from mmcurv.engine.curvature_step import CurvatureStep

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


def process(rank, folder, sizes):
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo',
        init_method=f'file://{folder}/rendezvous',
        rank=rank,
        world_size=2)
    torch.save(run_steps(rank, 2, sizes), f'{folder}/rank{rank}.pt')
    dist.destroy_process_group()


def in_two_processes(folder, sizes):
    mp.spawn(process, (str(folder), sizes), nprocs=2)
    return [torch.load(folder / f'rank{rank}.pt') for rank in range(2)]


def test_two_processes_give_the_loss_and_gradient_of_one(tmp_path):
    terms, gradients, pool = run_steps(0, 1, [8, 8])
    for rank in in_two_processes(tmp_path, [8, 8, 24]):
        torch.testing.assert_close(rank[0], terms, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(rank[1], gradients, rtol=1e-4, atol=1e-6)
        # Ranks may take slots in another order than one process did.
        torch.testing.assert_close(rank[2].sort(0).values, pool.sort(0).values)


def test_processes_with_unequal_shares_hold_the_same_pool(tmp_path):
    first, second = in_two_processes(tmp_path, [11, 1, 28])
    assert torch.equal(first[2], second[2])
    torch.testing.assert_close(first[0], second[0])
