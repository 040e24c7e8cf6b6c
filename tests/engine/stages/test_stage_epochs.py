# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.engine.stages.stage_epochs import stage_epochs
from mmcurv.engine.stages.stage_progress import StageEpochs, total_epochs
from tests.engine.stages.toy_stages import classifier, staged


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
