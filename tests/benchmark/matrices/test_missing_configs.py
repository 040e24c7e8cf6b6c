# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.matrices.missing_configs import missing_configs
from tests.benchmark.synthetic_runs import spec


def test_configs_that_exist_and_runs_without_are_no_fault():
    assert missing_configs([spec(), spec(config=None)]) == []


def test_each_config_is_named_once_with_the_nearest_one():
    wrong = 'configs/ce/ce_resnet32_cifar100-lt-if10.py'
    over = 'configs/_base_/datasets/cifar1_lt.py'
    found = missing_configs([
        spec(config=wrong, seed=seed, with_files=(over, )) for seed in (0, 1)
    ])
    assert found == [(wrong, "no such file: did you mean 'configs/ce/"
                      "ce_resnet32_cifar100-lt-if100.py'?"),
                     (over, "no such file: did you mean 'configs/_base_/"
                      "datasets/cifar10_lt.py'?")]


def test_folder_that_does_not_exist_leads_to_the_nearest_in_its_parent():
    wrong = 'configs/cee/ce_resnet32_cifar100-lt-if100.py'
    ((_, reason), ) = missing_configs([spec(config=wrong)])
    assert "'configs/ce/ce_resnet32_cifar100-lt-if100.py'" in reason


def test_from_elsewhere_the_current_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((_, reason), ) = missing_configs([spec(config='nowhere/x.py')])
    assert reason == f'no such file; the current folder is {str(tmp_path)!r}'


def test_shipped_config_is_found_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert missing_configs([spec()]) == []
