# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every scope finds mmcurv by prefix, in a process that never named it."""
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import Registry, init_default_scope

import mmcurv.registry
from mmcurv.engine.hooks import FeaturePoolHook
from mmcurv.registry import DATASETS, HOOKS, MODELS

ROOT = Path(__file__).resolve().parents[1]

# Forks of one process share what they all need to import, which is no mmcurv.
RUN_EACH = """
import json
import os
import sys
import traceback

import mmengine.registry
import torch

scripts, folder = json.load(sys.stdin), sys.argv[1]
assert 'mmcurv' not in sys.modules
for name, script in scripts.items():
    if os.fork() == 0:
        said = ''
        try:
            exec(script, {})
        except BaseException:
            said = traceback.format_exc()
        with open(os.path.join(folder, name), 'w') as file:
            file.write(said)
        os._exit(0)
    os.wait()
"""

FIND_AND_BUILD = """
import importlib
import sys

from tests.mmaction_wheel import add_missing_modules

add_missing_modules()
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
        'DATA_SAMPLERS': ['WeightedSampler', 'ClassAwareSampler'],
        'DATASETS': ['LongTailed', 'FashionMini'],
        'METRICS': ['ClassFairness'],
}.items():
    for name in names:
        root = getattr(mmengine.registry, registry)
        found = root.get(f'mmcurv.{name}')
        assert found is not None and found.__name__ == name, name
"""

ONE_HOOK = """
import mmcurv.registry
import sys
found = mmcurv.registry.HOOKS.get('FeaturePoolHook')
assert found.__name__ == 'FeaturePoolHook'
found(layer='head.fc')
foreign = [name for name in sys.modules
           if name.partition('.')[0] in ('mmpretrain', 'mmaction')]
assert not foreign, foreign
ours = [name for name in sys.modules
        if name.startswith(('mmcurv.models.', 'mmcurv.audit'))]
assert ours == ['mmcurv.models.curvature_losses'], ours
"""

SCOPES = ('mmpretrain', 'mmengine', 'mmaction')


@pytest.fixture(scope='module')
def said(tmp_path_factory):
    """What each script said, nothing if all went well."""
    folder = tmp_path_factory.mktemp('said')
    scripts = {
        scope: f'scope = {scope!r}\n' + FIND_AND_BUILD
        for scope in SCOPES
    }
    scripts.update(every=EVERY_REGISTRY, one_hook=ONE_HOOK)
    subprocess.run([sys.executable, '-c', RUN_EACH, folder],
                   input=json.dumps(scripts),
                   cwd=ROOT,
                   check=True,
                   text=True)
    return {name: (folder / name).read_text() for name in scripts}


@pytest.mark.parametrize('scope', SCOPES)
def test_hook_and_loss_resolve_from_another_scope(said, scope):
    assert said[scope] == ''


def test_user_of_one_hook_imports_no_model_and_no_host(said):
    assert said['one_hook'] == ''


def test_every_registry_finds_its_classes_without_an_import(said):
    assert said['every'] == ''


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
        DATASETS.build(dict(type='XYZ'))


def test_asking_for_a_name_raises_nothing():
    assert HOOKS.get('mmcurv.engine.hooks.FeaturePoolHook') is FeaturePoolHook
    for registry in (HOOKS, MMENGINE_HOOKS):
        assert registry.get('mmcurv.FeaturePolHook') is None
        assert 'mmcurv.FeaturePoolHook' in registry
        assert 'mmcurv.FeaturePolHook' not in registry
    assert 'mmcurv.Nope' not in MMENGINE_MODELS
    assert 'mmcurv.Nope' not in MODELS and 'Nope' not in MODELS


def test_every_registered_class_is_found_by_its_name():
    """Packages import on demand: none may be left out of their lists."""
    registered = {}
    for module in pkgutil.walk_packages(mmcurv.__path__, 'mmcurv.'):
        importlib.import_module(module.name)
    for name, registry in vars(mmcurv.registry).items():
        if isinstance(registry, Registry):
            registered[name] = sorted(registry.module_dict)
    assert 'LDAMLoss' in registered['MODELS']
    script = (
        'import json, sys, mmcurv.registry\n'
        'for name, types in json.load(sys.stdin).items():\n'
        '    registry = getattr(mmcurv.registry, name)\n'
        '    lost = [one for one in types if registry.get(one) is None]\n'
        '    assert not lost, lost\n')
    subprocess.run([sys.executable, '-c', script],
                   input=json.dumps(registered),
                   cwd=ROOT,
                   check=True,
                   text=True)
