# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.spec_config import (spec_config, spec_epochs,
                                                   spec_hash)
from mmcurv.engine.config_options import UsageError, merged_config
from mmcurv.engine.provenance import config_hash
from tests.benchmark.synthetic_runs import spec


def test_switches_and_options_make_the_config_and_its_hash():
    run = spec(cr=True, options={'train_cfg.max_epochs': 7})
    cfg = merged_config(run.config, run.options, run.with_files, cr=True)
    assert spec_hash(run) == config_hash(cfg) != spec_hash(spec(cr=True))
    assert spec_hash(spec()) != spec_hash(spec(cr=True))
    assert spec_epochs(run) == spec_config(run).train_cfg.max_epochs == 7
    assert spec_config(run).data_preprocessor.num_classes == 10


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
        spec_config(spec(config=str(path)))
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
