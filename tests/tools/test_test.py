# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import mmengine
import pytest

from tests.tools.tool_runs import CONFIG, call, prepare, tiny_options


def run_test(config, work_dir, *args):
    call('test', config, work_dir / 'epoch_1.pth', '--work-dir', work_dir,
         *args, '--cfg-options', *tiny_options())


def test_test_repeats_the_validation_of_the_same_weights(work_dir, tmp_path):
    out = tmp_path / 'metrics.json'
    run_test(CONFIG, work_dir, '--out', out, '--out-item', 'metrics')
    metrics = json.loads(out.read_text())
    (log, ) = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    validation = [line for line in lines if 'accuracy/top1' in line][-1]
    for key in ('accuracy/top1', 'fairness/class_mean', 'fairness/middle'):
        assert metrics[key] == pytest.approx(validation[key])


@pytest.mark.parametrize('where', ['source', 'work folder'])
def test_test_leaves_the_training_config_as_it_is(where, work_dir):
    kept = work_dir / CONFIG.name
    before = kept.read_bytes()
    run_test(CONFIG if where == 'source' else kept, work_dir)
    assert kept.read_bytes() == before


def test_out_holds_one_prediction_per_image(work_dir, tmp_path):
    out = tmp_path / 'pred.pkl'
    run_test(CONFIG, work_dir, '--out', out)
    predictions = mmengine.load(out)
    assert len(predictions) == 8
    assert predictions[0]['pred_score'].shape == (10, )


def test_config_that_resumes_only_loads_weights_in_a_test(work_dir, tmp_path):
    config = tmp_path / 'resuming.py'
    config.write_text(f"_base_ = '{CONFIG}'\nresume = True\n")
    cfg = prepare('test', config, work_dir / 'epoch_1.pth')
    assert not cfg.resume
    assert cfg.load_from == str(work_dir / 'epoch_1.pth')


@pytest.mark.parametrize(
    'args, message', [
        (['nowhere.py', 'gone.pth'], "config: expected a file, found none"),
        ([CONFIG, 'gone.pth'
          ], "checkpoint: expected a file, found none at 'gone.pth'"),
        ([CONFIG, __file__, '--out', 'pred.json'], '--out for pred: expected'),
        ([CONFIG, __file__, '--cfg-options', 'test_evaluator=None'
          ], 'has no test_evaluator'),
    ],
    ids=['config', 'checkpoint', 'out', 'evaluator'])
def test_mistaken_command_line_is_explained_without_a_traceback(
        args, message, capsys):
    with pytest.raises(SystemExit) as stop:
        call('test', *args)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
