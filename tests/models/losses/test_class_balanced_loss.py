# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import ClassBalancedLoss, sigmoid_focal
from mmcurv.models.losses.class_balanced_loss import CARRIERS
from tests.models.losses.every_loss import COUNTS, batch
from tests.reference import long_tailed_losses as loops


def built(*args, **kwargs):
    loss = ClassBalancedLoss(*args, **kwargs).double()
    loss.set_class_counts(COUNTS)
    return loss


@pytest.mark.parametrize('carrier', CARRIERS)
@pytest.mark.parametrize('beta, gamma', [(0.9999, 1.), (0.999, 0.5), (0., 2.)])
def test_value_is_that_of_the_loop(carrier, beta, gamma):
    scores, labels = batch()
    expected = loops.class_balanced(scores.tolist(), labels.tolist(), COUNTS,
                                    carrier, beta, gamma)
    loss = built(carrier, beta, gamma)(scores, labels)
    assert loss.item() == pytest.approx(expected, rel=1e-11)


def test_beta_of_zero_is_the_plain_carrier():
    scores, labels = batch()
    one_hot = F.one_hot(labels, 4).double()
    expected = {
        'softmax':
        F.cross_entropy(scores, labels),
        'sigmoid':
        F.binary_cross_entropy_with_logits(scores, one_hot, reduction='sum') /
        6,
        'focal':
        sigmoid_focal(scores, labels, 1.).mean(),
    }
    for carrier in CARRIERS:
        torch.testing.assert_close(
            built(carrier, beta=0.)(scores, labels), expected[carrier])


def test_focal_with_gamma_of_zero_is_sigmoid():
    scores, labels = batch()
    torch.testing.assert_close(
        built('focal', gamma=0.)(scores, labels),
        built('sigmoid')(scores, labels))


def test_rare_label_weighs_more():
    scores = torch.zeros(2, 4, dtype=torch.float64)
    head, tail = built('softmax')(
        scores, torch.tensor([0, 2]), reduction_override='none')
    weights = loops.effective_weights(COUNTS, 0.9999)
    assert (tail / head).item() == pytest.approx(weights[2] / weights[0])


@pytest.mark.parametrize('z', [-1e4, -30., 0., 30., 1e4])
def test_sigmoids_do_not_overflow(z):
    scores = torch.full((1, 2), z, requires_grad=True)
    loss = sigmoid_focal(scores, torch.tensor([0]), 1.)
    loss.sum().backward()
    # The label or the other class is wrong by |z|, with factor 1.
    assert loss.item() == pytest.approx(abs(z), rel=1e-6) or z == 0
    assert scores.grad.isfinite().all()


def test_unknown_carrier_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="carrier.*did you mean 'softmax'?"):
        ClassBalancedLoss('soft-max')


@pytest.mark.parametrize('beta', [1., -0.5])
def test_beta_out_of_range_is_refused_when_built(beta):
    with pytest.raises(ValueError, match='expected beta'):
        ClassBalancedLoss(beta=beta)
