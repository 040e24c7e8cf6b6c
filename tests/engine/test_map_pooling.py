# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from mmcurv.engine.map_pooling import POOLINGS, has_class_token, pool_map

MAPS = torch.arange(24.).view(2, 3, 2, 2)
TOKENS = torch.arange(24.).view(2, 4, 3)


@pytest.mark.parametrize('pooling', POOLINGS)
def test_rows_pass_unchanged(pooling):
    rows = torch.randn(2, 5)
    assert torch.equal(pool_map(rows, pooling), rows)


@pytest.mark.parametrize('pooling, expected',
                         [('avg', [[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]]),
                          ('max', [[3., 7., 11.], [15., 19., 23.]])])
def test_map_is_pooled_over_its_places(pooling, expected):
    assert pool_map(MAPS, pooling).tolist() == expected
    clip = MAPS.view(2, 3, 2, 2, 1)  # a video's map has a time, too
    assert pool_map(clip, pooling).tolist() == expected


@pytest.mark.parametrize('pooling, expected',
                         [('avg', [[4.5, 5.5, 6.5], [16.5, 17.5, 18.5]]),
                          ('max', [[9., 10., 11.], [21., 22., 23.]]),
                          ('cls', [[0., 1., 2.], [12., 13., 14.]])])
def test_tokens_are_pooled_over_the_tokens(pooling, expected):
    assert pool_map(TOKENS, pooling).tolist() == expected


def test_flatten_keeps_every_value():
    assert pool_map(MAPS, 'flatten').tolist() == MAPS.view(2, 12).tolist()
    assert pool_map(TOKENS, 'flatten').tolist() == MAPS.view(2, 12).tolist()


def test_half_precision_is_averaged_in_single():
    maps = torch.full((1, 1, 200, 200), 60000., dtype=torch.float16)
    pooled = pool_map(maps)
    assert pooled.dtype == torch.float32
    assert pooled.item() == pytest.approx(60000, rel=1e-3)


@pytest.mark.parametrize('output, pooling, words',
                         [(MAPS, 'mean', "one of avg, .* got 'mean'"),
                          (MAPS, 'cls', r'a map of shape \(2, 3, 2, 2\)'),
                          (torch.ones(3), 'avg', r'got shape \(3,\)')])
def test_what_cannot_be_pooled_is_refused(output, pooling, words):
    with pytest.raises(ValueError, match=words):
        pool_map(output, pooling)


def test_class_token_is_found_by_its_name():
    model = nn.Module()
    model.backbone = nn.Linear(2, 2)
    assert not has_class_token(model)
    model.backbone.cls_token = nn.Parameter(torch.zeros(1, 1, 2))
    assert has_class_token(model)
