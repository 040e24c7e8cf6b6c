# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""No loss waits for the GPU's queue in each step."""
import pytest
import torch

import mmcurv.models
from mmcurv.models import (ExpertAssignmentLoss, GeneralizedReweightingLoss,
                           PaCoLoss, RIDELoss)
from tests.models.losses.every_loss import (COUNTS, EVERY, NUM_CLASSES,
                                            ON_COSINES, WEIGHTED, make)
from tests.no_values import DEVICE, NoWaiting

B, K, D = 6, 3, 8
STEPS = 9


def far(*shape):
    return torch.randn(*shape, device=DEVICE, requires_grad=True)


def labels(number=B):
    return torch.zeros(number, dtype=torch.int64, device=DEVICE)


def ride(**options):
    loss = RIDELoss(class_counts=COUNTS, **options)
    loss.set_epoch(200, 200)  # with temperatures by class
    loss.set_weights(torch.ones(NUM_CLASSES))
    return loss


def by_class(name):
    loss = make(name)
    if name in WEIGHTED:
        loss.set_weights(torch.ones(NUM_CLASSES))
    return loss


EXPERTS = far(K, B, NUM_CLASSES), labels()
STEPS_OF = {
    **{
        name: (by_class(name), (far(B, NUM_CLASSES), labels()))
        for name in EVERY
    },
    'generalized re-weighting':
    (GeneralizedReweightingLoss(class_counts=COUNTS), (far(B, NUM_CLASSES),
                                                       labels())),
    'ride': (ride(), EXPERTS),
    'ride, collaborative': (ride(collaborative=True), EXPERTS),
    'ride, first epochs': (ride(temperature_start=201), EXPERTS),
    'paco':
    (PaCoLoss(class_counts=COUNTS), (far(B, NUM_CLASSES), labels(), far(B, D),
                                     far(B, D), far(10, D), labels(10))),
    'expert assignment':
    (ExpertAssignmentLoss(), (far(K - 1, B), far(K, B,
                                                 NUM_CLASSES), labels())),
}


def test_every_loss_of_the_package_is_among_them():
    kinds = {type(loss).__name__ for loss, _ in STEPS_OF.values()}
    assert kinds == {
        name
        for name in mmcurv.models.__all__ if name.endswith('Loss')
    }


@pytest.mark.parametrize('name', STEPS_OF)
def test_only_cosines_are_looked_at_and_ever_more_rarely(name):
    loss, inputs = STEPS_OF[name]
    loss.to(DEVICE)
    waited = []
    with NoWaiting():
        for step in range(1, STEPS + 1):
            try:
                loss(*inputs).backward()
            except RuntimeError:  # there is no value to look at
                waited.append(step)
    assert waited == ([1, 2, 4, 8] if name in ON_COSINES else [])
    assert inputs[0].grad.shape == inputs[0].shape
