# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The tables of docs/memory.md."""
import re
from pathlib import Path

import pytest
import torch

from mmcurv.engine.hooks import FeaturePoolHook
from mmcurv.regularization import FeaturePool, PooledCurvature
from mmcurv.regularization.pool_budget import choice_text, choose_pool
from tests.benchmark.bench_program import bench_program

TABLE = bench_program('pool_table')
PAGE = (Path(__file__).parents[2] / 'docs/memory.md').read_text()


@pytest.mark.parametrize('name, table', [('pool sizes', TABLE.size_table),
                                         ('budgets', TABLE.budget_table)])
def test_page_has_the_table_that_is_computed(name, table):
    found = re.search(rf'<!-- {name}: begin -->\n(.*?)<!-- {name}: end', PAGE,
                      re.DOTALL)
    assert found[1] == table() + '\n'


def test_sentence_of_the_page_is_the_one_that_is_logged():
    choice = choose_pool([1300] * 1000, 2048, 2 * 2**30)
    assert choice_text(choice, 2 * 2**30) in PAGE


def test_hook_takes_the_options_of_the_page():
    found = {}
    exec(re.search('```python\n(.*?)```', PAGE, re.DOTALL)[1], found)
    options, = found['custom_hooks']
    assert options.pop('type') == 'mmcurv.FeaturePoolHook'
    step = FeaturePoolHook(**options).step
    assert step.max_bytes == 8 * 2**30 and step.save_pool
    assert step.pool_options['storage'] == 'file'


def test_checkpoint_of_the_table_is_the_state_of_a_pool(monkeypatch):
    """Of a set that is small enough to build."""
    monkeypatch.setattr(TABLE, 'SETS', {'small': (3000, 3, 50)})
    monkeypatch.setattr(TABLE, 'GB', 10**4)
    pool = FeaturePool([1000] * 3, 50, dtype=torch.float16)
    state = PooledCurvature(pool).state_dict().values()
    size = sum(t.numel() * t.element_size() for t in state)
    assert TABLE.size_table().split('|')[-2].strip() == f'{size / 10**4:.4f}'
