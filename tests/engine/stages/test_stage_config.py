# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest

from mmcurv.engine.config_hash import config_hash
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.stages.stage_config import (is_curvature, stage_config,
                                               stage_folder)
from tests.engine.stages.toy_stages import classifier, staged

LOADED = dict(features='run/stage_features/epoch_2.pth')


def test_first_stage_is_the_config_itself(tmp_path):
    cfg = staged(tmp_path, regularize=True)
    own = stage_config(cfg, 0)
    expected = cfg.to_dict()
    del expected['stages']
    assert config_hash(own) == config_hash(expected)


def test_changes_are_those_of_the_stage_alone(tmp_path):
    cfg = staged(tmp_path)
    before = copy.deepcopy(cfg.to_dict())
    own = stage_config(cfg, 1)
    assert own.train_cfg.max_epochs == 3
    assert own.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.1, momentum=0.9)
    assert own.train_dataloader.sampler == dict(
        type='mmcurv.ClassAwareSampler')
    assert own.train_dataloader.batch_size == 16
    assert 'stages' not in own
    assert cfg.to_dict() == before


def test_later_changes_lie_on_top_of_earlier_ones(tmp_path):
    stage = classifier(
        changes={
            'train_cfg.max_epochs': 3,
            'train_cfg.val_interval': 2,
            'train_cfg': dict(max_epochs=5)  # as --cfg-options adds it
        })
    own = stage_config(staged(tmp_path, dict(name='features'), stage), 1)
    assert own.train_cfg == dict(by_epoch=True, max_epochs=5, val_interval=2)


def test_change_without_a_place_is_refused(tmp_path):
    stage = classifier(changes={'trian_cfg.max_epochs': 3})
    cfg = staged(tmp_path, dict(name='features'), stage)
    with pytest.raises(
            UsageError,
            match=r'stages\.1\.changes trian_cfg\.max_epochs.*train_cfg'):
        stage_config(cfg, 1)


def curvatures(own):
    return [is_curvature(hook) for hook in own.custom_hooks]


def test_curvature_is_regularized_in_the_first_stage_only(tmp_path):
    cfg = staged(
        tmp_path, regularize=True, hooks=[dict(type='mmengine.EMAHook')])
    assert curvatures(stage_config(cfg, 0)) == [True, False]
    assert curvatures(stage_config(cfg, 1)) == [False]


def test_stage_may_say_whether_curvature_is_regularized_in_it(tmp_path):
    cfg = staged(
        tmp_path,
        dict(name='features', cr=False),
        classifier(cr=True),
        regularize=True)
    assert curvatures(stage_config(cfg, 0)) == []
    assert curvatures(stage_config(cfg, 1)) == [True]


def test_stage_that_starts_loads_freezes_and_resets(tmp_path):
    own = stage_config(staged(tmp_path), 1, LOADED)
    assert (own.load_from, own.resume) == (LOADED['features'], False)
    assert own.default_hooks.stage_weights == dict(
        type='mmcurv.StageWeightsHook', reset=['head.fc'], frozen=['backbone'])
    assert own.default_hooks.stage_freeze == dict(
        type='mmcurv.FreezeHook', modules=['backbone'], norm='eval')


def test_stage_without_weights_starts_from_scratch(tmp_path):
    cfg = staged(tmp_path, dict(name='features'), dict(name='other'))
    own = stage_config(cfg, 1, LOADED)
    assert own.load_from is None
    assert not {'stage_weights', 'stage_freeze'} & {*own.default_hooks}


def test_name_of_a_stage_in_braces_becomes_its_checkpoint(tmp_path):
    changes = {'model.teacher': dict(path=['{features}'])}
    cfg = staged(tmp_path, dict(name='features'),
                 dict(name='s', changes=changes))
    assert stage_config(cfg, 1).model.teacher.path == ['{features}']
    own = stage_config(cfg, 1, LOADED)
    assert own.model.teacher.path == [LOADED['features']]


def test_hook_that_a_stage_switches_off_is_gone(tmp_path):
    changes = {'default_hooks.geometry': None, 'default_hooks.logger': None}
    own = stage_config(
        staged(tmp_path, dict(name='a'), dict(name='b', changes=changes)), 1)
    assert 'geometry' not in own.default_hooks
    assert own.default_hooks.logger is None  # mmengine would put one there


def test_stage_without_training_has_a_loop_that_evaluates(tmp_path):
    cfg = staged(
        tmp_path,
        dict(name='features'),
        classifier(changes={'train_cfg': None}),
        param_scheduler=[dict(type='ConstantLR')])
    own = stage_config(cfg, 1)
    assert own.train_cfg == dict(type='mmcurv.EvaluationLoop')
    assert 'param_scheduler' not in own
    cfg.stages[1].changes['val_dataloader'] = None
    with pytest.raises(UsageError, match='keeps val_dataloader'):
        stage_config(cfg, 1)


def test_last_stage_works_in_the_folder_of_the_training(tmp_path):
    cfg = staged(tmp_path)
    folders = [stage_config(cfg, i).work_dir for i in (0, 1)]
    assert folders == [str(tmp_path / 'stage_features'), str(tmp_path)]
    assert stage_folder('x', 'y', False) == 'x/stage_y'


def test_stages_have_experiments_of_different_names(tmp_path):
    cfg = staged(tmp_path, experiment_name='x')
    names = [stage_config(cfg, i).experiment_name for i in (0, 1)]
    assert names == ['x_features', 'x_classifier']
