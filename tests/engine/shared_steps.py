# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Steps of Curvature Regularization whose batch several processes share."""
import torch
import torch.distributed as dist
from mmpretrain.structures import DataSample

from mmcurv.engine.curvature.step import CurvatureStep

COUNTS = (20, 12, 8)
STEPS = 3


def run_steps(rank,
              world_size,
              sizes,
              pool=None,
              state=None,
              spoil=None,
              alpha=None,
              **curvature):
    """Terms and gradients of steps of CR on shares of a batch, and the
    CurvatureStep.

    Args:
        rank (int): Of this process.
        world_size (int): Number of processes.
        sizes (list[int]): Rows of each process; of one alone it is their sum.
        pool (dict, optional): Its options. Defaults to None.
        state (dict, optional): Where to go on from. Defaults to None.
        spoil (Callable, optional): Gets number of the step, rank, features
            and loss, and returns the latter two. Defaults to None.
        alpha (float, optional): Of a control by gradients. Defaults to None.
        **curvature: Options of the curvature.
    """
    labels = torch.arange(3).repeat_interleave(torch.tensor(COUNTS))
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(len(labels), 5, generator=generator)
    weight = torch.randn(5, 6, generator=generator).requires_grad_()
    step = CurvatureStep('skip', pool, dict(curvature, k=6), None, alpha)
    step.prepare(COUNTS, None)
    if state is not None:
        step.load_state_dict(state)
    terms, gradients = [], []
    for number in range(STEPS + 1):
        order = torch.randperm(len(labels), generator=generator)
        if world_size > 1:
            shares = order[:sum(sizes)].split(sizes)
            rows = shares[rank]
        else:
            rows = order[:sum(sizes)]
        if number == 0:  # fill the pool
            rows = order.chunk(world_size)[rank]
        samples = [
            DataSample(metainfo=dict(sample_idx=i)).set_gt_label(
                labels[i].item()) for i in rows.tolist()
        ]
        features = points[rows] @ weight
        # As the loss of the batch: a mean over all processes' rows.
        original = features.square().sum() * world_size / sum(sizes) / 6
        if spoil is not None:
            features, original = spoil(number, rank, features, original)
        pull = None
        if alpha:
            pull, = torch.autograd.grad(original, features, retain_graph=True)
        term, _ = step(features, samples, original, 10, number > 0, pull)
        if number:
            gradient, = torch.autograd.grad(original + term, weight)
            if world_size > 1:  # as DistributedDataParallel does
                dist.all_reduce(gradient)
                gradient /= world_size
            terms.append(term.item())
            gradients.append(gradient)
    return dict(terms=terms, gradients=gradients, step=step)
