# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from tests.tools.tool_runs import ROOT, load_tool

TOOL = load_tool('estimate_cost')
CONFIG = str(ROOT / 'configs/ce/ce_resnet32_cifar100-lt-if100_cr.py')
RUNTIME = str(ROOT / 'configs/_base_/default_runtime.py')


def test_each_config_has_a_line(capsys):
    assert TOOL.main([CONFIG.replace('_cr', ''), CONFIG]) == 0
    plain, ours = [
        line for line in capsys.readouterr().out.splitlines()
        if 'ce_resnet32' in line
    ]
    assert '470,004' in plain and 'no CR' in plain
    assert '10,847' in ours and '2.82 MiB' in ours


def test_config_that_trains_nothing_has_no_numbers(capsys):
    assert TOOL.main([RUNTIME]) == 0
    assert 'of the model: the config has none' in capsys.readouterr().out


def test_options_change_the_config(capsys):
    options = ['custom_hooks.0.pool.dtype=float16']
    assert TOOL.main([CONFIG, '--cfg-options', *options]) == 0
    assert '1.49 MiB' in capsys.readouterr().out


def test_wrong_config_and_wrong_option_are_named(capsys):
    assert TOOL.main(['none.py']) == 2
    assert "found none at 'none.py'" in capsys.readouterr().err
    assert TOOL.main([CONFIG, '--cfg-options', 'modle.type=x']) == 2
    assert "'modle'" in capsys.readouterr().err


def test_data_that_are_missing_are_a_message(capsys):
    root = 'train_dataloader.dataset.dataset.data_root=/nowhere'
    assert TOOL.main([CONFIG, '--read-data', '--cfg-options', root]) == 2
    assert 'cannot be read' in capsys.readouterr().err


def test_no_process_is_refused(capsys):
    assert TOOL.main([CONFIG, '--processes', '0']) == 2
    assert '--processes: expected at least 1' in capsys.readouterr().err
