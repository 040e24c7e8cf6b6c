# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import sys

import pytest

from mmcurv.benchmark.matrices.spec_config import spec_hash
from mmcurv.benchmark.running.run_command import run_command
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.provenance import config_hash
from tests.benchmark.fake_runs import make_spec
from tests.benchmark.matrix_file import CIFAR10, CONFIG
from tests.tools.tool_runs import prepare


def test_training_tool_gets_config_switches_folder_options_and_seed():
    spec = make_spec(
        'out/seed7',
        7,
        cr=True,
        config=CONFIG,
        with_files=(CIFAR10, ),
        cr_switch=True,
        options={'train_cfg.max_epochs': 30})
    program, script, *arguments = run_command(spec)
    assert program == sys.executable
    assert script.endswith('/tools/train.py')
    cfg = prepare('train', *arguments)
    assert cfg.filename.endswith(CONFIG)
    assert config_hash(cfg) == spec_hash(spec)
    assert cfg.data_preprocessor.num_classes == 10
    assert cfg.custom_hooks[0].type == 'mmcurv.FeaturePoolHook'
    assert cfg.work_dir == 'out/seed7'
    assert cfg.train_cfg.max_epochs == 30
    assert cfg.randomness.seed == 7


def test_option_that_no_command_line_carries_is_refused():
    spec = make_spec('out', config=CONFIG, options={'a': 'two words'})
    with pytest.raises(UsageError, match='option a'):
        run_command(spec)


def test_config_that_is_not_there_is_refused():
    with pytest.raises(FileNotFoundError, match='configs/ce/toy.py'):
        run_command(make_spec('out'))
