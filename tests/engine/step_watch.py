# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run with CR computed in each of its steps."""
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import nn


@HOOKS.register_module()
class StepWatch(Hook):
    """Lists with one entry per training step.

    Attributes:
        epochs: From 1.
        samples: The data samples.
        losses: The entries that are optimised, as numbers.
        objective: As logged.
        gradient: Of ``loss_curvature`` in the model's first layer; None
            where there is no term, or it carries no gradient.
    """
    priority = 'LOWEST'

    def __init__(self):
        self.epochs, self.samples = [], []
        self.losses, self.objective, self.gradient = [], [], []

    def before_train(self, runner):
        model = getattr(runner.model, 'module', runner.model)
        model.register_forward_hook(self.keep, with_kwargs=True)

    def keep(self, model, args, kwargs, losses):
        if kwargs.get('mode') != 'loss':
            return
        self.samples.append(kwargs['data_samples'])
        self.losses.append({
            name: value.item()
            for name, value in losses.items() if 'loss' in name
        })
        term, gradient = losses.get('loss_curvature'), None
        if term is not None and term.requires_grad:
            gradient, = torch.autograd.grad(
                term, first_weight(model), retain_graph=True)
        self.gradient.append(gradient)

    def after_train_iter(self, runner, *args, **kwargs):
        self.epochs.append(runner.epoch + 1)
        scalars = runner.message_hub.log_scalars
        self.objective.append(scalars['train/objective'].current())


def first_weight(model):
    """Of the layer that sees the image."""
    return next(module.weight for module in model.backbone.modules()
                if isinstance(module, (nn.Conv2d, nn.Linear)))


def watch_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, StepWatch))
