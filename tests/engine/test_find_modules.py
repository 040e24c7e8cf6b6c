# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from torch import nn

from mmcurv.engine.find_modules import find_modules

MODEL = nn.ModuleDict(
    dict(backbone=nn.Linear(1, 1), head=nn.ModuleDict(dict(fc=nn.ReLU()))))


def test_modules_come_in_the_order_of_their_names():
    assert find_modules(MODEL, ['head.fc', 'backbone'],
                        'x') == [MODEL['head']['fc'], MODEL['backbone']]


@pytest.mark.parametrize('name, hint', [
    ('backbon', "did you mean 'backbone'"),
    ('', "expected 'backbone', 'head', 'head.fc'"),
    ('zzz', "expected 'backbone', 'head', 'head.fc'"),
])
def test_unknown_name_is_answered_by_known_ones(name, hint):
    with pytest.raises(ValueError, match=f'freeze: .*{hint}'):
        find_modules(MODEL, [name], 'freeze')
