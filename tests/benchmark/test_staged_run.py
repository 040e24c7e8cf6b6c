# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs of several stages in the benchmark: planned, started, gone on with."""
import json
import os
import os.path as osp
import signal
from pathlib import Path

import pytest

from mmcurv.benchmark.matrices.broken_configs import broken_configs
from mmcurv.benchmark.matrices.spec_config import (spec_epochs, spec_hash,
                                                   spec_stages)
from mmcurv.benchmark.running.open_runs import open_runs
from mmcurv.benchmark.running.start_run import start_run
from mmcurv.benchmark.running.train_run import finish_run, train_run
from mmcurv.benchmark.states.last_good_checkpoint import (epochs_behind,
                                                          last_good_checkpoint)
from mmcurv.benchmark.states.run_epoch import epoch_reached
from mmcurv.benchmark.states.run_state import run_state
from mmcurv.engine.stages.config import StageEpochs
from tests.benchmark.fake_runs import wait_for
from tests.benchmark.fake_training import write_checkpoint
from tests.benchmark.trained_folder import bundled_spec, leave_checkpoint

CONFIG = 'configs/crt/crt_resnet8_fashion-mini-if100.py'
STAGES = (StageEpochs('stage_features', 20), StageEpochs('', 2))


@pytest.fixture
def run(tmp_path):
    return bundled_spec(tmp_path, config=CONFIG)


def save(run, *epochs, stage='stage_features'):
    folder = Path(run.folder, stage)
    folder.mkdir(parents=True, exist_ok=True)
    for epoch in epochs:
        write_checkpoint(folder, epoch)
    return folder


def test_run_is_as_long_as_all_its_stages(run):
    assert spec_stages(run) == STAGES
    assert spec_epochs(run) == 22
    longer = run._replace(options={'stages.1.changes.train_cfg.max_epochs': 5})
    assert spec_epochs(longer) == 25
    assert spec_hash(longer) != spec_hash(run)


def test_progress_is_counted_over_all_stages(run):
    save(run, 19, 20)
    assert run_state(run)[:3] == ('partial', 20, 22)
    assert epoch_reached(run.folder, stages=STAGES) == 20
    leave_checkpoint(run, 1)
    assert run_state(run)[:3] == ('partial', 21, 22)
    assert epoch_reached(run.folder, stages=STAGES) == 21
    path = osp.join(run.folder, 'epoch_1.pth')
    assert epochs_behind(path, run.folder, STAGES) == 21


def test_run_of_another_config_is_known_by_that_of_the_whole(run):
    leave_checkpoint(run)
    changed = run._replace(
        options={'stages.1.changes.train_cfg.max_epochs': 5})
    state = run_state(changed)
    assert state.kind == 'other run'
    assert 'of another training: stages.1.' in state.reason


def test_newest_whole_checkpoint_is_of_the_last_stage_that_has_one(run):
    features = save(run, 19, 20)
    found = last_good_checkpoint(run.folder, STAGES)
    assert found == (str(features / 'epoch_20.pth'), [])
    damaged = save(run, 1, stage='') / 'epoch_1.pth'
    damaged.write_bytes(damaged.read_bytes()[:100])
    found = last_good_checkpoint(run.folder, STAGES)
    assert found == (str(features / 'epoch_20.pth'), [str(damaged)])


@pytest.mark.parametrize('options, words', [
    ({
        'stages.1.freeze': ['backbon']
    }, "did you mean 'backbone'"),
    ({
        'stages.1.weights': 'feature'
    }, "did you mean 'features'"),
    ({
        'stages.1.changes.model.head.type': 'mmcurv.ScaledLinaerHead'
    }, "did you mean 'mmcurv.ScaledLinearHead'"),
])
def test_stage_that_cannot_be_trained_is_a_fault_of_the_config(
        options, words, run):
    ((path, reason), ) = broken_configs([run._replace(options=options)], True)
    assert path == CONFIG
    assert words in reason


def test_run_that_is_killed_in_its_first_stage_goes_on_there(tmp_path):
    options = {
        'train_dataloader.dataset.indices': [40 * i for i in range(60)],
        'val_dataloader.dataset.indices': [100 * i for i in range(10)],
        'train_dataloader.batch_size': 20,
        'model.backbone.base_channels': 4,
        'model.head.in_channels': 16,
        'train_cfg.max_epochs': 60,
        'default_hooks.checkpoint.interval': 1,
        'stages.1.changes.train_cfg.max_epochs': 2
    }
    spec = bundled_spec(tmp_path, config=CONFIG, options=options)
    (planned, ) = open_runs([spec]).runs
    assert planned.epochs == 62
    attempt = start_run(planned)
    features = Path(spec.folder, 'stage_features')
    wait_for(lambda: (features / 'epoch_3.pth').exists(), seconds=60)
    os.killpg(attempt.process.pid, signal.SIGKILL)
    attempt.process.wait()
    assert finish_run(attempt).kind == 'failed'
    assert not (features / 'stage.json').exists()
    state = run_state(spec)
    assert state.kind == 'failed' and 3 <= state.epoch < 60
    assert train_run(planned).kind == 'done'
    log = Path(spec.folder, 'console.log').read_text()
    assert f'--resume {features}/epoch_' in log
    assert run_state(spec)[:3] == ('done', 62, 62)
    record = json.loads(Path(spec.folder, 'run.json').read_text())
    assert record['config']['hash'] == spec_hash(spec)
    assert record['cost']['samples'] >= 62 * 40
