# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest

from mmcurv.arguments import UsageError
from mmcurv.engine.provenance import config_hash
from mmcurv.engine.stages.config import (Stage, StageEpochs, is_curvature,
                                         placeholders, read_stages,
                                         stage_config, stage_epochs,
                                         stage_folder, total_epochs)
from mmcurv.engine.stages.run import final_config, load_final_config
from tests.engine.stages.toy_stages import classifier, staged
from tests.shipped_configs import CONFIGS, load

FIRST = dict(name='features')


def second(**options):
    return dict(dict(name='classifier', weights='features'), **options)


def test_config_without_stages_has_none():
    assert read_stages(dict(model=1)) == []


def test_stages_are_read_in_their_order_with_their_defaults():
    stages = read_stages(
        dict(stages=[FIRST, second(freeze=['backbone'], norm='train')]))
    assert stages == [
        Stage('features', None, {}, [], 'eval', [], None),
        Stage('classifier', 'features', {}, ['backbone'], 'train', [], None)
    ]


@pytest.mark.parametrize(
    'stages, message', [
        ([], 'expected a list such as'),
        ('features', 'expected a list such as'),
        (['features'], r"stages\.0: expected dict\(name='\.\.\.'"),
        ([dict(weights='x')], r"stages\.0: expected dict\(name='\.\.\.'"),
        ([dict(name='a b')], 'name of a folder.*got \'a b\''),
        ([FIRST, FIRST
          ], "stages.1.name: 'features' is the name of an earlier"),
        ([FIRST, second(freze=['x'])], "no 'freze': did you mean 'freeze'"),
        ([FIRST, second(norm='evil')], "unknown 'evil': did you mean 'eval'"),
        ([FIRST, second(freeze='backbone')], 'expected a list of names'),
        ([FIRST, dict(name='x', freeze=['y'])], 'random weights; add weights'),
        ([FIRST, dict(name='x', reset=['y'])], 'random weights; add weights'),
        ([FIRST, second(changes=['x'])], 'expected a dict of values'),
        ([FIRST, second(changes={'stages.0.name': 'x'})
          ], 'cannot change stages'),
        ([FIRST, second(weights='feature')], "did you mean 'features'"),
        ([second(), FIRST], "'features', which does not come before it; put"),
        ([second(weights='classifier')], 'which does not come before it'),
        ([second(weights='gone')], 'no stage comes before it'),
        ([FIRST, second(changes={'model.teacher': '{featurs}'})
          ], "checkpoint of 'featurs'.*did you mean 'features'"),
        ([dict(name='a', changes=dict(x=['{b}'])),
          dict(name='b')], "put 'b' first"),
    ],
    ids=lambda value: str(value)[:30])
def test_list_that_makes_no_sense_is_explained(stages, message):
    with pytest.raises(UsageError, match=message):
        read_stages(dict(stages=stages))


def test_placeholders_are_found_at_every_depth():
    value = dict(a=['x/{one}', dict(b='{two-2} {one}')], c=3, d='{ no }')
    assert [*placeholders(value)] == ['one', 'two-2', 'one']


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


def path_of(name):
    return str(next(path for path in CONFIGS if path.stem == name))


LWS = 'lws_resnet8_fashion-mini-if100'


def test_config_without_stages_is_its_own():
    cfg = load('ce_resnet8_fashion-mini-if100')
    assert final_config(cfg) is cfg


@pytest.mark.parametrize('name, head', [
    (LWS, 'mmcurv.ScaledLinearHead'),
    ('tau_norm_resnet8_fashion-mini-if100', 'mmcurv.TauNormHead'),
    ('crt_resnet8_fashion-mini-if100', 'LinearClsHead'),
])
def test_model_is_that_of_the_last_stage(name, head):
    cfg = load_final_config(path_of(name), {}, 'x')
    assert cfg.model.head.type == head
    assert (cfg.work_dir, cfg.load_from) == ('x', None)
    assert 'stages' not in cfg
    assert cfg.filename == path_of(name)


def test_options_have_the_last_word():
    options = {
        'model.head.type': 'LinearClsHead',
        'stages.1.changes.train_cfg.max_epochs': 7
    }
    cfg = load_final_config(path_of(LWS), options, None)
    assert cfg.model.head.type == 'LinearClsHead'
    assert cfg.train_cfg.max_epochs == 7


def test_training_without_stages_is_one(tmp_path):
    cfg = staged(tmp_path)
    cfg.pop('stages')
    assert stage_epochs(cfg) == [StageEpochs('', 2)]


def test_each_stage_has_its_folder_and_its_epochs(tmp_path):
    found = stage_epochs(staged(tmp_path))
    assert found == [StageEpochs('stage_features', 2), StageEpochs('', 3)]
    assert total_epochs(found) == 5


def test_stage_that_only_evaluates_has_no_epoch(tmp_path):
    stage = classifier(changes={'train_cfg': None})
    found = stage_epochs(staged(tmp_path, dict(name='features'), stage))
    assert [stage.epochs for stage in found] == [2, 0]


def test_total_of_iterations_is_not_known(tmp_path):
    stage = classifier(
        changes={
            'train_cfg': dict(_delete_=True, by_epoch=False, max_iters=9)
        })
    found = stage_epochs(staged(tmp_path, dict(name='features'), stage))
    assert [stage.epochs for stage in found] == [2, None]
    assert total_epochs(found) is None
