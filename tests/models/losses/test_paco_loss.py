# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F

from mmcurv.models.losses import BalancedSoftmaxLoss, PaCoLoss
from tests.reference.paco_loop import paco_loop

COUNTS = [50, 20, 5]
LABELS = torch.tensor([0, 2, 0, 1])


def batch(queue=5, filled=3, dtype=torch.float64):
    """Scores, queries, keys and a queue of which some slots are filled."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    vectors = [F.normalize(draw(n, 6), dim=1) for n in (4, 4, queue)]
    labels = torch.tensor([0, 2, 1, 0, 2][:filled] + [-1] * (queue - filled))
    return dict(
        cls_score=2 * draw(4, 3),
        target=LABELS,
        queries=vectors[0],
        keys=vectors[1],
        queue_keys=vectors[2],
        queue_labels=labels)


def made(**options):
    loss = PaCoLoss(**options).double()
    loss.set_class_counts(COUNTS)
    return loss


@pytest.mark.parametrize('filled', [0, 3, 5])
@pytest.mark.parametrize('options', [
    dict(),
    dict(alpha=0.05, temperature=0.2),
    dict(alpha=0.3, beta=2., gamma=0.5, supt=3., temperature=0.7)
])
def test_loss_is_that_of_the_loop(options, filled):
    parts = batch(filled=filled)
    constants = dict(alpha=0.01, beta=1., gamma=1., supt=1., temperature=0.05)
    expected = paco_loop(
        parts['cls_score'].tolist(), LABELS.tolist(),
        parts['queries'].tolist(), parts['keys'].tolist(),
        list(
            zip(parts['queue_keys'].tolist(),
                parts['queue_labels'].tolist()))[:filled], COUNTS,
        **dict(constants, **options))
    assert made(**options)(**parts).item() == pytest.approx(expected)


def test_contrasts_far_apart_leave_balanced_softmax():
    parts = batch()
    parts['queries'] = F.normalize(torch.ones(4, 6).double(), dim=1)
    parts['keys'] = -parts['queries']
    parts['queue_keys'] = -parts['queries'][:1].expand(5, -1)
    parts = {
        key:
        value[:1] if key in ('cls_score', 'target', 'queries',
                             'keys') else value
        for key, value in parts.items()
    }  # no other query
    balanced = BalancedSoftmaxLoss(class_counts=COUNTS).double()
    torch.testing.assert_close(
        made(alpha=0., temperature=0.01)(**parts),
        balanced(parts['cls_score'], parts['target']))


def test_query_is_no_contrast_of_itself():
    parts = batch(filled=0)
    one = {
        key:
        value[:1] if key in ('cls_score', 'target', 'queries',
                             'keys') else value
        for key, value in parts.items()
    }
    turned = dict(one, queries=one['queries'], keys=-one['queries'])
    # With itself among the contrasts, the loss would be above 1 / T = 20.
    assert made()(**turned) < 10


def test_empty_slots_of_the_queue_take_no_part():
    parts = batch(filled=3)
    first = made()(**parts)
    parts['queue_keys'][3:] = parts['queries'][:2]
    assert torch.equal(made()(**parts), first)


def test_gradient_reaches_scores_and_queries_on_both_sides():
    parts = batch()
    free = {
        name: parts.pop(name).requires_grad_()
        for name in ('cls_score', 'queries')
    }
    loss = made(temperature=0.5)
    assert torch.autograd.gradcheck(
        lambda cls_score, queries: loss(
            cls_score=cls_score, queries=queries, **parts),
        tuple(free.values()))


def test_half_precision_is_computed_in_float32():
    parts = batch()
    expected = made(temperature=0.5)(**parts).item()
    halves = {
        name: value.half() if value.is_floating_point() else value
        for name, value in parts.items()
    }
    value = made(temperature=0.5).float()(**halves)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize('options, words', [
    (dict(alpha=-1), 'alpha of at least 0'),
    (dict(temperature=0), 'temperature above 0'),
    (dict(gamma=0), 'gamma above 0'),
])
def test_constants_out_of_range_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        PaCoLoss(**options)


def test_soft_labels_are_refused():
    parts = dict(batch(), target=torch.full((4, 3), 1 / 3).double())
    with pytest.raises(ValueError, match='soft label is of no one class'):
        made()(**parts)
