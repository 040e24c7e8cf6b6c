# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.datasets import long_tailed_counts
from mmcurv.models.losses import LabelAwareSmoothingLoss, label_smoothing

COUNTS = [50, 20, 5]


def loop_loss(scores, labels, counts, head, tail):
    """The formula, class by class."""
    low, high, total = min(counts), max(counts), 0.
    for row, label in zip(scores.tolist(), labels.tolist()):
        norm = math.log(sum(math.exp(value) for value in row))
        logs = [norm - value for value in row]  # -log p
        part = (counts[label] - low) / (high - low)
        share = tail + (head - tail) * math.sin(math.pi / 2 * part)
        total += (1 - share) * logs[label] + share * sum(logs) / len(logs)
    return total / len(labels)


def test_smoothing_of_cifar10_is_that_of_the_code():
    counts = long_tailed_counts([5000] * 10, 100)
    expected = [.3, .2414, .1578, .0960, .0563, .0320, .0173, .0085, .0031, 0]
    assert label_smoothing(counts).tolist() == pytest.approx(
        expected, abs=5e-5)


def test_largest_class_has_the_head_and_the_smallest_the_tail():
    found = label_smoothing(COUNTS, head=0.4, tail=0.1)
    assert found[0] == pytest.approx(0.4)
    assert found[2] == pytest.approx(0.1)


def test_loss_is_that_of_the_loop():
    torch.manual_seed(0)
    scores = torch.randn(6, 3, dtype=torch.double)
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    loss = LabelAwareSmoothingLoss(0.4, 0.1, class_counts=COUNTS)
    expected = loop_loss(scores, labels, COUNTS, 0.4, 0.1)
    assert loss(scores, labels).item() == pytest.approx(expected)


def test_equal_shares_are_the_label_smoothing_of_torch():
    torch.manual_seed(1)
    scores, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    ours = LabelAwareSmoothingLoss(0.2, 0.2, class_counts=COUNTS)
    theirs = torch.nn.CrossEntropyLoss(label_smoothing=0.2)
    torch.testing.assert_close(ours(scores, labels), theirs(scores, labels))


def test_balanced_data_is_refused():
    with pytest.raises(ValueError, match='Use LabelSmoothLoss'):
        label_smoothing([5, 5])


@pytest.mark.parametrize('options', [dict(head=1.), dict(tail=-0.1)])
def test_share_out_of_range_is_refused(options):
    with pytest.raises(ValueError, match='at least 0 and below 1'):
        LabelAwareSmoothingLoss(**options)
