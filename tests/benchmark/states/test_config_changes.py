# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os

import pytest

from mmcurv.benchmark.states.config_changes import changed_config, differences
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_text
from tests.benchmark.trained_folder import (CONFIG, bundled_spec,
                                            leave_checkpoint)


def test_equal_configs_have_no_differences():
    assert differences(dict(a=1, b=[2]), dict(b=[2], a=1)) is None


def test_what_is_not_the_run_makes_no_difference():
    old = dict(a=1, work_dir='x', randomness=dict(seed=1))
    assert differences(old, dict(a=1, randomness=dict(seed=2))) is None


@pytest.mark.parametrize('old, new, words', [
    (dict(a=dict(b=1)), dict(a=dict(b=2)), 'a.b was 1 and is 2'),
    (dict(a=[1, 2]), dict(a=[1, 3]), 'a.1 was 2 and is 3'),
    (dict(a=1), dict(a=1, b=[]), 'b was absent and is []'),
    (dict(a=1, b='x'), dict(a=1), "b was 'x' and is absent"),
])
def test_differences_are_named_by_dotted_key(old, new, words):
    assert differences(old, new) == words


def test_many_differences_are_cut_with_their_number():
    words = differences({c: 1 for c in 'abcde'}, {c: 2 for c in 'abcde'})
    assert words.startswith('a was 1 and is 2, b was')
    assert words.endswith(', and 2 more')


def test_config_that_mmengine_left_is_the_run_s(tmp_path):
    run = bundled_spec(tmp_path, options={'train_cfg.max_epochs': 2})
    leave_checkpoint(run)
    assert changed_config(run) is None


def test_other_options_are_a_change(tmp_path):
    leave_checkpoint(bundled_spec(tmp_path))
    changed = bundled_spec(
        tmp_path, options={'train_dataloader.batch_size': 32})
    assert changed_config(changed) == (
        'train_dataloader.batch_size was 64 and is 32')


def test_other_seed_is_a_change(tmp_path):
    leave_checkpoint(bundled_spec(tmp_path, seed=1))
    run = bundled_spec(tmp_path, folder=bundled_spec(tmp_path, seed=1).folder)
    assert changed_config(run) == 'they have the seed 1, the matrix has 0'


def test_other_config_file_is_a_change(tmp_path):
    run = bundled_spec(tmp_path)
    leave_checkpoint(run)
    folder = run.folder
    twin = bundled_spec(
        tmp_path, config=CONFIG.replace('.py', '_cr.py'), folder=folder)
    assert changed_config(twin).startswith('they were trained with ce_resnet')
    # A test in the folder dumps its config by its time, which says nothing.
    os.rename(f'{folder}/{os.path.basename(run.config)}',
              f'{folder}/20260101_000000.py')
    assert changed_config(twin) is None


def test_switch_is_a_change(tmp_path):
    run = bundled_spec(tmp_path)
    leave_checkpoint(run)
    switched = run._replace(cr=True, cr_switch=True)
    assert changed_config(switched) == (
        "custom_hooks.0.type was absent and is 'mmcurv.FeaturePoolHook'")


def test_config_that_is_cut_short_is_refused(tmp_path):
    run = bundled_spec(tmp_path)
    leave_checkpoint(run)
    path = f'{run.folder}/{os.path.basename(run.config)}'
    write_text(path, 'model = dict(')
    with pytest.raises(UsageError, match='cannot be read as a config'):
        changed_config(run)
