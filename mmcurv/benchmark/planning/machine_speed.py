# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Multiply-adds that this machine trains in a second."""
import statistics
import time
from typing import List, NamedTuple

import torch
from mmengine.device import get_device
from torch import nn

from .finished_runs import FinishedRun

# A backward pass computes two products for each one of the forward pass: the
# gradients of the weights and of the input.
PASSES = 3


class Speed(NamedTuple):
    """Multiply-adds that a machine trains in a second.

    Attributes:
        multiply_adds (float): In a second, forward and backward.
        source (str): Where the number comes from, in words.
    """
    multiply_adds: float
    source: str


def machine_speed(finished: List[FinishedRun]) -> Speed:
    """Speed of the runs that have ended, else of a convolution.

    Args:
        finished (list[FinishedRun]): Of this machine.

    Returns:
        Speed: Median of the runs, or of half a second of a convolution.
    """
    speeds = [
        PASSES * run.multiply_adds * run.samples / run.training_seconds
        for run in finished if run.multiply_adds and run.training_seconds > 0
    ]
    if speeds:
        runs = f'{len(speeds)} runs' if len(speeds) > 1 else 'one run'
        return Speed(
            statistics.median(speeds), f'median of {runs} that ended here')
    return Speed(
        time_convolution(), 'a convolution timed just now in one thread; a '
        'whole training can be several times slower')


def time_convolution(seconds: float = 0.5) -> float:
    """Time a layer such as small residual networks are made of.

    In one thread: so a benchmark trains by default, one run on each core.

    Args:
        seconds (float): How long to measure. Defaults to 0.5.

    Returns:
        float: Multiply-adds in a second, forward and backward.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _time_convolution(seconds)
    finally:
        torch.set_num_threads(threads)


def _time_convolution(seconds: float) -> float:
    device = get_device()
    layer = nn.Sequential(
        nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32),
        nn.ReLU()).to(device)
    images = torch.zeros(64, 32, 16, 16, device=device, requires_grad=True)
    one_pass = 64 * 16 * 16 * 32 * 32 * 9  # of the convolution
    for _ in range(2):  # the first calls prepare
        layer(images).sum().backward()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        # .item() waits until an accelerator has really computed.
        loss = layer(images).sum()
        loss.backward()
        loss.item()
        steps += 1
    return PASSES * one_pass * steps / (time.perf_counter() - began)
