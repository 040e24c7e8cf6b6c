# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmengine.config import Config
from torch import nn

from mmcurv.engine.config_hash import config_hash

BASE = dict(
    model=dict(type='ImageClassifier', head=dict(num_classes=10)),
    train_cfg=dict(max_epochs=20),
    randomness=dict(seed=0, deterministic=False))


def changed(**changes):
    cfg = Config(BASE)
    cfg.merge_from_dict(changes)
    return config_hash(cfg)


def test_hash_is_64_hexadecimal_digits():
    assert len(config_hash(BASE)) == 64
    int(config_hash(BASE), 16)


def test_seed_and_place_do_not_enter():
    same = dict(
        work_dir='a', resume=True, load_from='b.pth', launcher='pytorch')
    assert changed(**same, **{'randomness.seed': 7}) == config_hash(BASE)


def test_how_often_is_saved_logged_or_measured_does_not_enter():
    hooks = dict(
        checkpoint=dict(type='CheckpointHook', interval=1),
        geometry=dict(type='mmcurv.GeometryMonitorHook', interval=1))
    base = changed(default_hooks=hooks)
    hooks['checkpoint']['interval'] = hooks['geometry']['interval'] = 5
    hooks['run_record'] = dict(type='mmcurv.RunRecordHook')
    assert changed(default_hooks=hooks) == base
    hooks['geometry']['curvature'] = dict(k=20)  # another measure
    assert changed(default_hooks=hooks) != base


def test_hook_that_is_switched_off_is_borne():
    off = config_hash(dict(default_hooks=dict(geometry=None), randomness=None))
    assert off != config_hash(dict(default_hooks=None))


def test_what_is_trained_enters():
    hashes = {
        config_hash(BASE),
        changed(**{'model.head.num_classes': 100}),
        changed(**{'train_cfg.max_epochs': 21}),
        changed(**{'randomness.deterministic': True}),
        changed(custom_hooks=[dict(type='mmcurv.FeaturePoolHook')])
    }
    assert len(hashes) == 5


def test_order_of_keys_and_kind_of_sequence_do_not_enter():
    turned = dict(reversed(BASE.items()))
    assert config_hash(turned) == config_hash(BASE)
    assert config_hash(dict(a=(1, 2))) == config_hash(dict(a=[1, 2]))


def test_classes_enter_by_name_and_not_by_address():
    assert config_hash(dict(norm=nn.BatchNorm2d)) == config_hash(
        dict(norm=nn.BatchNorm2d))
    assert config_hash(dict(norm=nn.BatchNorm2d)) != config_hash(
        dict(norm=nn.LayerNorm))


def test_hashing_leaves_the_config_alone():
    cfg = Config(BASE)
    before = cfg.to_dict()
    config_hash(cfg)
    assert cfg.to_dict() == before
