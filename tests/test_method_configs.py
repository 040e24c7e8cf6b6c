# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Configs of different methods differ by what makes the methods."""
import pytest

from tests.shipped_configs import (OTHERS, TWINS, family_members, load,
                                   names_of, read)

HEAD = {'model.head.type', 'model.head.loss', 'model.head.init_cfg'}
EXPERTS = HEAD | {
    'model.backbone', 'model.head.in_channels', 'model.head.num_experts',
    'default_hooks.model_epoch', 'default_hooks.reweighting',
    'default_hooks.geometry.layer'
}
# What a config changes against that of cross-entropy on the same data.
METHOD_KEYS = dict(
    focal={'model.head.loss'},
    cb_focal={
        'model.head.loss', 'model.head.init_cfg', 'optim_wrapper.paramwise_cfg'
    },
    ldam=HEAD,
    ldam_drw=HEAD | {'default_hooks.reweighting'},
    balanced_softmax={'model.head.loss'},
    lade={'model.backbone', 'model.head.in_channels', 'model.head.loss'},
    gcl=HEAD | {'default_hooks.mixup'},
    tde={
        'model.backbone', 'model.head.type', 'model.head.in_channels',
        'model.head.alpha', 'model.head.init_cfg'
    },
    bbn={
        'model.type', 'model.backbone', 'model.head.type',
        'model.head.in_channels', 'model.head.init_cfg',
        'default_hooks.model_epoch', 'default_hooks.second_batch',
        'default_hooks.geometry.layer'
    },
    mbj={
        'model.head.type', 'model.head.memory_size', 'model.head.rho',
        'model.head.memory_weight', 'model.head.start_epoch',
        'default_hooks.model_epoch'
    },
    ce_cmo={'model.head.type', 'default_hooks.cmo'},
    ldam_drw_cmo=HEAD | {'default_hooks.reweighting', 'default_hooks.cmo'},
    ride=EXPERTS,
    ride_cmo=EXPERTS | {'default_hooks.cmo'},
    ride_ea=EXPERTS | {'stages'},
    crt={'stages'},
    lws={'stages'},
    tau_norm={'stages'},
    disalign={'stages'},
    gcl_stage2=HEAD | {'default_hooks.mixup', 'stages'},
    mislas={'model.head.type', 'default_hooks.mixup', 'stages'},
    dive={
        'model.type', 'model.teacher', 'model.alpha', 'model.temperature',
        'model.power', 'model.head.loss', 'stages'
    },
    paco={
        'model.type', 'model.queue_size', 'model.feature_dim',
        'model.momentum', 'model.head.loss', 'default_hooks.key_queue',
        'train_dataloader.drop_last', 'train_dataloader.dataset',
        'train_pipeline', 'second_view'
    },
    ofa={
        'model.type', 'model.augment', 'model.num_fused',
        'model.num_confusing', 'stages'
    })
# And besides where its recipe is that of its own code.
DUAL_BRANCH = {
    'optim_wrapper.optimizer', 'param_scheduler', 'auto_scale_lr',
    'train_dataloader.batch_size', 'train_dataloader.drop_last'
}
RIDE = {'optim_wrapper.optimizer'}
OWN_RECIPE_KEYS = dict(
    ride=RIDE,
    ride_cmo=RIDE,
    ride_ea=RIDE,
    mislas={'param_scheduler'},
    gcl_stage2={
        'param_scheduler', 'auto_scale_lr', 'train_dataloader.batch_size'
    },
    dive={'param_scheduler'},
    paco={
        'optim_wrapper.optimizer', 'param_scheduler', 'train_cfg.max_epochs',
        'strong_pipeline'
    },
    bbn={
        'optim_wrapper.optimizer', 'param_scheduler',
        'train_dataloader.drop_last'
    },
    lade=DUAL_BRANCH,
    tde=DUAL_BRANCH,
    gcl={'param_scheduler', 'auto_scale_lr', 'train_dataloader.batch_size'},
    balanced_softmax={
        'optim_wrapper.optimizer', 'param_scheduler', 'auto_scale_lr',
        'train_dataloader.batch_size', 'train_cfg.max_epochs',
        'train_pipeline', 'strong_pipeline',
        'train_dataloader.dataset.dataset.pipeline'
    })
# And besides on CIFAR-100-LT.
ROTATED = {'train_pipeline', 'train_dataloader.dataset.dataset.pipeline'}
METHOD_CONFIGS = [
    path for path in OTHERS if path not in TWINS and path.parent.name != 'ce'
]
REWEIGHTED = [
    path for path in METHOD_CONFIGS if 'ldam_drw' in path.parent.name
]
FAMILY_MEMBERS = family_members(OTHERS)


def leaves(value, prefix=''):
    """Every value of nested dicts by its dotted key."""
    if not isinstance(value, dict):
        return {prefix[:-1]: value}
    found = {}
    for key, inner in value.items():
        found.update(leaves(inner, f'{prefix}{key}.'))
    return found


def changed_keys(cfg, other):
    ours, theirs = leaves(cfg.to_dict()), leaves(other.to_dict())
    return {
        key
        for key in {*ours, *theirs}
        if key not in ours or key not in theirs or ours[key] != theirs[key]
    }


def check_keys(changed, expected):
    """Each change lies at or below an expected key, each of these changed."""
    covered = {
        key: {one
              for one in changed if f'{one}.'.startswith(f'{key}.')}
        for key in expected
    }
    assert set().union(*covered.values()) == changed
    assert [key for key, found in covered.items() if not found] == []


def cross_entropy_of(path):
    """The config of cross-entropy on the data of another method's config."""
    data = path.stem.removesuffix('_common').partition('_resnet')[2]
    _, data = data.split('_', 1)
    depth = 8 if data.startswith('fashion-mini') else 32
    return load(f'ce_resnet{depth}_{data}')


@pytest.mark.parametrize('path', METHOD_CONFIGS, ids=names_of(METHOD_CONFIGS))
def test_method_changes_its_own_keys_and_nothing_else(path):
    method = path.parent.name
    expected = METHOD_KEYS[method]
    own = '_common' not in path.stem and 'fashion-mini' not in path.stem
    if own:
        expected = expected | OWN_RECIPE_KEYS.get(method, set())
        if method.startswith('ride') and 'cifar100' in path.stem:
            expected = expected | ROTATED
    check_keys(changed_keys(read(path), cross_entropy_of(path)), expected)


@pytest.mark.parametrize('name', FAMILY_MEMBERS)
def test_imbalance_changes_one_number(name):
    first, *others = FAMILY_MEMBERS[name]
    expected = {'train_dataloader.dataset.imbalance_factor'}
    if name.startswith('balanced_softmax_resnet32_cifar'):
        if '_common' not in name:  # a fixed number of iterations
            expected |= {'train_cfg.max_epochs', 'custom_hooks'}
    if name.startswith('mislas_resnet32_cifar'):  # constants of its code
        expected |= {'stages'}
    for other in others:
        changed = changed_keys(read(other), read(first))
        assert 'train_dataloader.dataset.imbalance_factor' in changed
        assert changed <= expected


@pytest.mark.parametrize('path', REWEIGHTED, ids=names_of(REWEIGHTED))
def test_weights_come_when_the_rate_first_drops(path):
    cfg = read(path)
    drop = cfg.param_scheduler[1].milestones[0]
    assert cfg.default_hooks.reweighting.start_epoch == drop + 1
