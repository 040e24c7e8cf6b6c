# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every scope finds mmcurv by prefix, in a process that never named it."""
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import init_default_scope

from mmcurv.engine.hooks import FeaturePoolHook
from mmcurv.registry import DATASETS, HOOKS

ROOT = Path(__file__).resolve().parents[1]

FIND_AND_BUILD = """
import importlib
import sys

from tests.mmaction_wheel import add_missing_modules

add_missing_modules()
scope = sys.argv[1]
from mmengine.registry import HOOKS, MODELS, DefaultScope

host = importlib.import_module(f'{scope}.registry')
if scope != 'mmengine':
    DefaultScope.get_instance('host', scope_name=scope)
assert 'mmcurv' not in sys.modules

found = host.HOOKS.get('mmcurv.FeaturePoolHook')
built = HOOKS.build(dict(type='mmcurv.FeaturePoolHook', layer='head.fc'))
loss = MODELS.build(dict(type='mmcurv.CurvatureRegularization', tau=100))

from mmcurv.engine.hooks import FeaturePoolHook
from mmcurv.regularization import CurvatureRegularization
assert found is FeaturePoolHook and type(built) is FeaturePoolHook
assert isinstance(loss, CurvatureRegularization)
"""

EVERY_REGISTRY = """
from mmengine.registry import DefaultScope
DefaultScope.get_instance('host', scope_name='mmpretrain')
import mmengine.registry

for registry, names in {
        'HOOKS': ['FeaturePoolHook'],
        'MODELS': ['CurvatureRegularization', 'CifarResNet', 'CausalNormHead'],
        'DATA_SAMPLERS': ['WeightedSampler', 'SwitchingSampler'],
        'DATASETS': ['LongTailed', 'FashionMini'],
        'METRICS': ['ClassFairness'],
}.items():
    for name in names:
        root = getattr(mmengine.registry, registry)
        found = root.get(f'mmcurv.{name}')
        assert found is not None and found.__name__ == name, name
"""

IMPORT_IS_SAFE = """
import torch
import mmcurv.registry
from mmengine.logging import HistoryBuffer
allowed = torch.serialization.get_safe_globals()
assert HistoryBuffer in allowed and getattr not in allowed
"""


def run_alone(script, *args):
    done = subprocess.run([sys.executable, '-c', script, *args],
                          cwd=ROOT,
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmengine', 'mmaction'])
def test_hook_and_loss_resolve_from_another_scope(scope):
    run_alone(FIND_AND_BUILD, scope)


def test_every_registry_finds_its_classes_without_an_import():
    run_alone(EVERY_REGISTRY)


def test_naming_the_package_in_a_config_makes_checkpoints_safe():
    run_alone(IMPORT_IS_SAFE)


@pytest.mark.parametrize('name', ['LDAMLos', 'ldamloss'])
def test_misspelt_loss_of_a_head_brings_the_nearest_name(name):
    init_default_scope('mmpretrain')
    head = dict(
        type='LinearClsHead',
        num_classes=3,
        in_channels=4,
        loss=dict(type=f'mmcurv.{name}'))
    with pytest.raises(KeyError, match="did you mean 'LDAMLoss'"):
        MMENGINE_MODELS.build(head)


def test_misspelt_hook_brings_the_nearest_name():
    with pytest.raises(KeyError, match="no hook 'FeaturePolHook'.*PoolHook'"):
        MMENGINE_HOOKS.build(dict(type='mmcurv.FeaturePolHook'))


def test_name_that_resembles_none_brings_all_names():
    with pytest.raises(KeyError, match="expected .*'FashionMini'"):
        DATASETS.get('XYZ')


def test_class_is_found_by_its_path_and_asked_for_without_an_error():
    assert HOOKS.get('mmcurv.engine.hooks.FeaturePoolHook') is FeaturePoolHook
    assert 'FeaturePoolHook' in HOOKS
    assert 'FeaturePolHook' not in HOOKS
