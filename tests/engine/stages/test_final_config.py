# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.engine.stages.final_config import final_config, load_final_config
from tests.shipped_configs import CONFIGS, load


def path_of(name):
    return str(next(path for path in CONFIGS if path.stem == name))


LWS = 'lws_resnet8_fashion-mini-if100'


def test_config_without_stages_is_its_own():
    cfg = load('ce_resnet8_fashion-mini-if100')
    assert final_config(cfg) is cfg


@pytest.mark.parametrize('name, head', [
    (LWS, 'mmcurv.ScaledLinearHead'),
    ('tau_norm_resnet8_fashion-mini-if100', 'mmcurv.TauNormHead'),
    ('crt_resnet8_fashion-mini-if100', 'LinearClsHead'),
])
def test_model_is_that_of_the_last_stage(name, head):
    cfg = load_final_config(path_of(name), {}, 'x')
    assert cfg.model.head.type == head
    assert (cfg.work_dir, cfg.load_from) == ('x', None)
    assert 'stages' not in cfg
    assert cfg.filename == path_of(name)


def test_options_have_the_last_word():
    options = {
        'model.head.type': 'LinearClsHead',
        'stages.1.changes.train_cfg.max_epochs': 7
    }
    cfg = load_final_config(path_of(LWS), options, None)
    assert cfg.model.head.type == 'LinearClsHead'
    assert cfg.train_cfg.max_epochs == 7
