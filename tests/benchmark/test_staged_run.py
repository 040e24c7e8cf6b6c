# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs of several stages in the benchmark: planned, started, gone on with."""
import json
import signal
from pathlib import Path

import pytest

from mmcurv.benchmark import cli
from mmcurv.benchmark.configs import (broken_configs, spec_epochs, spec_hash,
                                      spec_stages)
from mmcurv.benchmark.queue import Training, train_run
from mmcurv.benchmark.run_folder import run_state
from mmcurv.engine.checkpoints import named_checkpoint
from mmcurv.engine.stages.config import StageEpochs
from tests.benchmark.fake_runs import wait_for
from tests.benchmark.fake_training import write_checkpoint
from tests.benchmark.trained_folder import (bundled_spec, leave_begun,
                                            leave_checkpoint)

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
    leave_begun(run)
    assert run_state(run)[:3] == ('partial', 20, 22)
    leave_checkpoint(run, 1)
    assert run_state(run)[:3] == ('partial', 21, 22)


def test_run_of_another_config_is_known_by_that_of_the_whole(run):
    leave_checkpoint(run)
    changed = run._replace(
        options={'stages.1.changes.train_cfg.max_epochs': 5})
    state = run_state(changed)
    assert state.kind == 'other run'
    assert 'stages.1.' in state.reason


@pytest.mark.parametrize('options, words', [
    ({
        'stages.1.freeze': ['backbon']
    }, "Did you mean 'backbone'"),
    ({
        'stages.1.weights': 'feature'
    }, "did you mean 'features'"),
    ({
        'stages.1.changes.model.head.type': 'mmcurv.ScaledLinaerHead'
    }, "did you mean 'ScaledLinearHead'"),
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
    (planned, ), _ = cli._open_runs([spec])
    assert planned.epochs == 62
    attempt = Training(planned)
    features = Path(spec.folder, 'stage_features')
    wait_for(lambda: (features / 'epoch_4.pth').exists(), seconds=60)
    assert run_state(spec).kind == 'running'
    attempt.signal(signal.SIGKILL)
    attempt.process.wait()
    begun = json.loads(Path(spec.folder, 'run.json').read_text())
    assert (begun['state'], begun['seed']) == ('running', spec.seed)
    assert begun['config']['hash'] == spec_hash(spec)
    assert attempt.ending().kind == 'failed'
    assert not (features / 'stage.json').exists()
    # The one after it may have been half written when the run was killed.
    newest = Path(named_checkpoint(str(features)))
    newest.write_bytes(newest.read_bytes()[:700])
    state = run_state(spec)
    assert state.kind == 'failed' and 3 <= state.epoch < 60
    assert train_run(planned).kind == 'done'
    log = Path(spec.folder, 'console.log').read_text()
    assert 'is damaged and was skipped' in log
    assert 'Resumed from' in log or 'resumed epoch' in log
    assert run_state(spec)[:3] == ('done', 62, 62)
    record = json.loads(Path(spec.folder, 'run.json').read_text())
    assert record['config']['hash'] == spec_hash(spec)
    assert record['cost']['samples'] >= 62 * 40
