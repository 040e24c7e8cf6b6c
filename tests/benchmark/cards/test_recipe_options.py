# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.cards.recipe_options import keeps_recipe


@pytest.mark.parametrize('key', [
    'train_cfg.val_interval', 'default_hooks.geometry.interval',
    'default_hooks.geometry', 'default_hooks.checkpoint.save_best',
    'default_hooks.logger.interval', 'default_hooks.evaluation.interval',
    'randomness.seed', 'work_dir'
])
def test_what_is_measured_and_where_it_lies_is_not_the_recipe(key):
    assert keeps_recipe({key: 5})


@pytest.mark.parametrize('key', [
    'train_cfg.max_epochs', 'train_cfg', 'model.backbone.depth',
    'custom_hooks.0.loss.tau', 'train_dataloader.batch_size',
    'default_hooks.run_record.main', 'default_hooks', 'val_evaluator.0.type',
    'default_hooks.checkpoints.interval', 'train_cfg.val_interval_2',
    'randomness.deterministic'
])
def test_every_other_option_changes_the_recipe(key):
    assert not keeps_recipe({key: 5})
    assert not keeps_recipe({'train_cfg.val_interval': 5, key: 5})


def test_no_options_keep_the_recipe():
    assert keeps_recipe({})
