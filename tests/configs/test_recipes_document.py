# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The document of all recipes says what the configs say."""
import importlib.util
import math

import pytest
from mmengine.config import ConfigDict

from tests.shipped_configs import LARGE, ROOT, load
from .rates import learning_rates


@pytest.fixture(scope='module')
def script():
    spec = importlib.util.spec_from_file_location(
        'recipes', ROOT / '.dev_scripts/recipes.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_document_is_up_to_date(script, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / script.DOCUMENT).read_text(encoding='utf-8')
    assert text == script.document(), 'give "python .dev_scripts/recipes.py"'
    missing = [path.name for path in LARGE if path.name not in text]
    assert not missing


@pytest.mark.parametrize('name', [
    'ce_resnext50_imagenet-lt', 'lade_resnet50_inaturalist2018',
    'mislas_resnext50_imagenet-lt', 'paco_resnet50_inaturalist2018',
    'balanced_softmax'
])
def test_formula_of_a_rate_is_the_rate_that_trains(name, script):
    cfg = load(name)
    formula, _, first = script.wave(
        cfg.param_scheduler[-1]).partition(' from epoch ')
    formula = formula.replace('1/2 (', '1/2 * (').replace('(pi ', '(pi * ')
    rates = learning_rates(cfg, iterations=2)
    for e in range(int(first or 1), cfg.train_cfg.max_epochs + 1):
        factor = eval(formula, dict(cos=math.cos, pi=math.pi, e=e))
        assert rates[e - 1] == pytest.approx(
            cfg.optim_wrapper.optimizer.lr * factor, abs=1e-9), e


def test_transform_or_schedule_without_words_is_no_silent_gap(script):
    with pytest.raises(ValueError, match='no words for the transform Magic'):
        script.transforms([ConfigDict(type='Magic')])
    cfg = ConfigDict(param_scheduler=[ConfigDict(type='PolyLR')])
    with pytest.raises(ValueError, match='no words for the scheduler PolyLR'):
        script.schedule(cfg)
