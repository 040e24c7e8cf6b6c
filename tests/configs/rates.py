# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Learning rates as mmengine's own schedulers make them."""
import math

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS


def learning_rates(cfg, iterations):
    """Rate in the middle of every epoch of ``iterations`` steps."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = cfg.optim_wrapper.optimizer
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=optimizer.lr))
    schedulers = []
    for scheduler in cfg.param_scheduler:
        default = dict(optimizer=wrapper, epoch_length=iterations)
        build = PARAM_SCHEDULERS.get(scheduler.type)
        if scheduler.get('convert_to_iter_based'):
            build = build.build_iter_from_epoch
        else:
            default.pop('epoch_length')
        kwargs = {
            k: v
            for k, v in scheduler.items()
            if k not in ('type', 'convert_to_iter_based')
        }
        schedulers.append(build(**kwargs, **default))
    rates = []
    wrapper.step()
    for _ in range(cfg.train_cfg.max_epochs):
        for i in range(iterations):
            if i == iterations // 2:
                rates.append(wrapper.get_lr()['lr'][0])
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()
    return rates


def ahead(rate):
    """200 epochs of a code that steps its scheduler before each epoch."""
    expected = [rate * (1 / 3 * (1 - e / 5) + e / 5) for e in range(1, 6)]
    return expected + [rate] * 114 + [rate / 100] * 40 + [rate / 1e4] * 41


def dropping(by):
    """200 epochs at 0.1, warmed up, that drops at epochs 160 and 180."""
    return [0.02, 0.04, 0.06, 0.08
            ] + [0.1] * 156 + [0.1 / by] * 20 + [0.1 / by**2] * 20


def cosine(epochs):
    return [(1 + math.cos(math.pi * e / epochs)) / 2 for e in range(epochs)]


def early_cosine(epochs):
    """Of a code that steps its scheduler before each epoch: 0 in the last."""
    return [(1 + math.cos(math.pi * e / epochs)) / 2
            for e in range(1, epochs + 1)]


def steps(epochs, first, second, warm_up=0):
    """x 0.1 from epoch ``first`` on and x 0.01 from ``second`` on."""
    factors = [1.] * first + [0.1] * (second - first)
    factors += [0.01] * (epochs - second)
    for e in range(warm_up):
        factors[e] = (e + 1) / warm_up
    return factors


def late_cosine(epochs=400, warm_up=10):
    """That of PaCo, which begins in the last epoch of the warm-up."""
    span = epochs - warm_up + 1
    return [(e + 1) / warm_up if e < warm_up else
            (1 + math.cos(math.pi * (e - warm_up + 1) / span)) / 2
            for e in range(epochs)]


def linear(epochs):
    """In the second of two iterations of each epoch."""
    last = 2 * epochs - 1
    return [1 - (2 * e + 1) / last for e in range(epochs)]
