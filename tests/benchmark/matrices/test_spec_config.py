# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.config import Config

from mmcurv.benchmark.matrices.spec_config import (read_config, spec_config,
                                                   spec_epochs, spec_hash)
from mmcurv.engine.config_hash import config_hash
from mmcurv.engine.config_options import UsageError
from tests.benchmark.synthetic_runs import spec


def test_options_change_the_config_and_its_hash():
    changed = spec(options={'train_cfg.max_epochs': 7})
    cfg = Config.fromfile(changed.config)
    assert spec_hash(spec()) == config_hash(cfg)
    assert spec_config(spec()).train_cfg.max_epochs == spec_epochs(spec())
    assert spec_epochs(changed) == 7
    cfg.train_cfg.max_epochs = 7
    assert spec_hash(changed) == config_hash(cfg) != spec_hash(spec())


def test_seeds_share_hash_and_config():
    assert spec_hash(spec(seed=1)) == spec_hash(spec(seed=2))
    assert spec_config(spec(seed=1)) is spec_config(spec(seed=2))


def test_training_by_iterations_has_no_epochs(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('train_cfg = dict(by_epoch=False, max_iters=10)')
    assert spec_epochs(spec(config=str(path))) is None


@pytest.mark.parametrize('text, words', [
    ('a = (', 'SyntaxError'),
    ('a = 1 / 0', 'ZeroDivisionError'),
    ("_base_ = './none.py'", 'FileNotFoundError'),
])
def test_file_that_is_no_config_is_refused(text, words, tmp_path):
    path = tmp_path / 'x.py'
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_config(str(path))
    assert f'{path}: cannot be read as a config' in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize('options, words', [
    ({
        'modl.x': 1
    }, "has 'modl'"),
    ({
        'custom_hooks.0.loss.tau': 3
    }, "no list 'custom_hooks'"),
    ({
        'log_level': 'a b, c'
    }, 'which the command line cannot carry'),
])
def test_option_without_a_place_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        spec_config(spec(options=options))
