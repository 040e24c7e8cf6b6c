# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.config import Config

from mmcurv.engine.config_options import UsageError, check_options

CFG = Config(
    dict(
        train_cfg=dict(by_epoch=True, max_epochs=2),
        param_scheduler=[dict(type='LinearLR', end=5)],
        my_own_key=1))


@pytest.mark.parametrize('key', [
    'train_cfg.max_epochs',
    'param_scheduler.0.end',
    'param_scheduler.0.begin',
    'optim_wrapper.clip_grad.max_norm',
    'load_from',
    'find_unused_parameters',
    'my_own_key',
])
def test_option_with_a_place_passes(key):
    check_options(CFG, {key: 1})


@pytest.mark.parametrize('key, message', [
    ('train_cgf.max_epochs', r'neither .* did you mean train_cfg'),
    ('qqq', r"neither the config nor the Runner has 'qqq'$"),
    ('param_scheduler.1.end', r'is a list; expected an index from 0 to 0'),
    ('param_scheduler.end', r"is a list; .* got 'end'"),
    ('my_own_key.deeper', r"my_own_key is 1 and has no part 'deeper'"),
    ('custom_hooks.0.start_epoch', r"has no list 'custom_hooks'"),
])
def test_option_that_leads_nowhere_is_refused(key, message):
    with pytest.raises(UsageError, match=f'--cfg-options {key}: .*{message}'):
        check_options(CFG, {key: 1})
