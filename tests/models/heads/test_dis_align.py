# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.models.heads import DisAlignHead, aligned_scores


def head(**options):
    torch.manual_seed(0)
    made = DisAlignHead(
        3,
        4,
        init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear'),
        **options)
    made.init_weights()
    return made


def loop_scores(made, feature, formula):
    """One image, class by class."""
    inner = sum(w * f for w, f in zip(made.confidence.weight[0], feature))
    sigma = 1 / (1 + math.exp(-(inner + made.confidence.bias[0]).item()))
    found = []
    for c in range(3):
        z = (made.fc.weight[c] @ feature + made.fc.bias[c]).item()
        s, b = made.scale[c].item(), made.offset[c].item()
        if formula == 'released':
            found.append((1 + sigma * s) * z + sigma * b)
        else:
            found.append(sigma * (s * z + b) + (1 - sigma) * z)
    return found


@pytest.mark.parametrize('formula', ['released', 'printed'])
def test_scores_are_those_of_the_loop(formula):
    made, features = head(formula=formula), torch.randn(5, 4)
    with torch.no_grad():
        made.scale.uniform_(0, 2)
        made.offset.uniform_(-1, 1)
        scores = made((features, ))
    for row, feature in zip(scores, features):
        expected = loop_scores(made, feature, formula)
        assert row.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_printed_formula_starts_from_the_scores_of_the_network():
    made, features = head(formula='printed'), torch.randn(5, 4)
    torch.testing.assert_close(made((features, )), made.fc(features))


def test_released_formula_starts_from_scaled_scores_of_the_same_classes():
    made, features = head(), torch.randn(5, 4)
    confidence = made.confidence(features).sigmoid()
    torch.testing.assert_close(
        made((features, )), (1 + confidence) * made.fc(features))


def test_neither_scale_nor_offset_leaves_the_released_scores():
    scores, zero = torch.randn(5, 3), torch.zeros(3)
    found = aligned_scores(scores, torch.rand(5, 1), zero, zero)
    assert torch.equal(found, scores)


def test_confidence_starts_from_equal_weights_whatever_the_initializer():
    made = head()
    assert (made.confidence.weight == 0.1).all()
    assert made.confidence.bias.abs().item() <= 0.5  # 1 / sqrt(4)
    assert (made.scale == 1).all() and (made.offset == 0).all()


def test_unknown_formula_is_refused():
    with pytest.raises(ValueError, match="did you mean 'released'"):
        DisAlignHead(3, 4, formula='release')
