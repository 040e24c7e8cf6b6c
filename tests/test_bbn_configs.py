# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""BBN's own recipe, and the hooks that make it."""
import pytest

from tests.shipped_configs import CONFIGS, load, names_of, read
from tests.test_config_recipes import learning_rates

BBN = [path for path in CONFIGS if path.parent.name == 'bbn']


@pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])
def test_own_recipe_is_that_of_its_code(data):
    cfg = load(f'bbn_resnet32_{data}-if100')
    # (1/3)(1 - e/5) + e/5 for e = 1 to 5: their scheduler is a step ahead.
    expected = [0.1 * (1 / 3 * (1 - e / 5) + e / 5) for e in range(1, 6)]
    expected += [0.1] * 114 + [1e-3] * 40 + [1e-5] * 41
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.momentum) == ('SGD', 0.9)
    assert optimizer.nesterov
    assert (optimizer.lr, optimizer.weight_decay) == (0.1, 2e-4)
    loader = cfg.train_dataloader
    assert loader.batch_size == cfg.auto_scale_lr.base_batch_size == 128
    assert loader.drop_last


@pytest.mark.parametrize('path', BBN, ids=names_of(BBN))
def test_second_batch_is_reversed_and_the_epoch_is_told(path):
    cfg = read(path)
    assert cfg.default_hooks.second_batch == dict(
        type='mmcurv.SecondBatchHook', weights='reversed')
    assert cfg.default_hooks.model_epoch.type == 'mmcurv.ModelEpochHook'
    assert cfg.model.type == 'mmcurv.BBNClassifier'
    # The number of epochs, but where the original has 200 for 180.
    short = cfg.train_cfg.max_epochs == 180
    assert cfg.model.head.get('horizon') == (200 if short else None)
