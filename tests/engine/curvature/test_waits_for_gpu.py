# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What CR does with a batch waits once for the GPU's queue."""
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcurv.engine.curvature.hook import FeaturePoolHook
from mmcurv.regularization import feature_pool
from tests.no_values import DEVICE, NoWaiting, answers

B, C, P, PER_CLASS = 12, 3, 6, 20
LABELS = torch.arange(B) % C
IMAGES = LABELS * PER_CLASS + torch.arange(B) // C


def samples(label_device):
    """Of a batch, its labels where a data preprocessor leaves them."""
    return [
        DataSample(metainfo=dict(
            sample_idx=image)).set_gt_label(label).to(label_device)
        for image, label in zip(IMAGES.tolist(), LABELS)
    ]


def host_values(i):
    return (LABELS, torch.ones(B, dtype=torch.int64), IMAGES)[i]


def far(*shape, **options):
    return torch.randn(*shape, device=DEVICE, **options)


@pytest.mark.parametrize('label_device', ['cpu', DEVICE])
@pytest.mark.parametrize('layers', [['first'], ['first', 'second']])
@pytest.mark.parametrize(
    'options', [{},
                dict(measure='spread', control='gradient'),
                dict(measure='tangent', control='gradient'),
                dict(measure='tangent')],
    ids=['', 'spread', 'tangent', 'tangent by value'])
def test_step_waits_once_for_each_layer(monkeypatch, options, layers,
                                        label_device):
    hook = FeaturePoolHook(
        layers, start_epoch=2, curvature=dict(k=8), **options)
    for step in hook.steps.values():
        step.prepare([PER_CLASS] * C, None)
    weight, batch = far(P, P, requires_grad=True), samples(label_device)

    def run(epoch):
        features = far(B, P) @ weight
        losses = dict(loss=features.sum(), loss_aux=[features.mean()])
        hook.epoch, hook._measures = epoch, []
        hook.tap.taken = [features] * len(layers)
        losses = hook._add_curvature([features] * len(layers), batch, losses)
        if epoch > 1:
            losses['loss_curvature'].backward()
        return hook._measures[0]

    with answers(monkeypatch, feature_pool, host_values) as asked:
        run(1)  # builds the pool
        with NoWaiting():
            measures = [run(epoch) for epoch in (1, 2, 3)][-1]
    columns = 1 + (label_device == DEVICE)  # whether finite, and labels
    assert asked == [columns] * 4 * len(layers)
    name = options.get('measure', 'curvature')
    assert measures[f'log_{name}_mean'].is_meta  # read after the step
    assert weight.grad.shape == (P, P)
