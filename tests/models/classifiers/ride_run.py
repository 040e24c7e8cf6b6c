# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small networks of experts, and runs of them."""
from tests.engine.image_run import build, image_classifier

CLASSES = (16, 10, 6)
LAYERS = ['head.fcs.0', 'head.fcs.1', 'head.fcs.2']
HOOKS = dict(
    checkpoint=None,
    class_counts=dict(type='mmcurv.ClassCountsHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=2))


def experts(num_experts=3, loss=None, **model):
    """Config of a classifier whose features are 12 long."""
    loss = dict(
        dict(type='mmcurv.RIDELoss', temperature_start=2), **loss or {})
    return image_classifier(
        backbone=dict(
            type='mmcurv.MultiExpertCifarResNet',
            depth=8,
            num_experts=num_experts,
            base_channels=4),
        head=None,
        **model) | dict(
            head=dict(
                type='mmcurv.MultiExpertHead',
                num_classes=3,
                in_channels=12,
                num_experts=num_experts,
                loss=loss))


def build_experts(work_dir, model=None, hooks=None, **config):
    """A Runner of three experts, with CR at each in the last epoch."""
    return build(
        work_dir,
        model=model or experts(),
        layer=config.pop('layer', LAYERS),
        dataset=dict(counts=CLASSES),
        default_hooks=dict(HOOKS, **(hooks or {})),
        **config)
