# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import signal
import subprocess
import time

import numpy as np
import pytest

from mmcurv.audit.feature_bank import load_bank
from tests.tools.tool_runs import CONFIG, ROOT, call, start_tool, tiny_options


def extract(work_dir, out_dir, *args):
    call('extract_features', CONFIG, work_dir / 'epoch_1.pth', '--out-dir',
         out_dir, *args, '--cfg-options', *tiny_options())


def test_predictions_are_those_that_the_validation_counted(work_dir, tmp_path):
    extract(work_dir, tmp_path, '--layers', '1/3', 'last')
    log, = work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    validation = [line for line in lines if 'accuracy/top1' in line][-1]
    bank = load_bank(str(tmp_path / 'test' / 'head.fc'))
    accuracy = 100 * np.mean(bank.predictions == bank.labels)
    assert accuracy == pytest.approx(validation['accuracy/top1'])
    assert bank.metadata['epoch'] == 1
    assert load_bank(str(tmp_path / 'train' /
                         'backbone.layer1.0')).features.shape == (60, 4)


def test_user_is_told_what_is_extracted_and_where(work_dir, tmp_path, capsys):
    extract(work_dir, tmp_path, '--layers', '2/3', 'last', '--split', 'test')
    extract(work_dir, tmp_path, '--layers', '2/3', 'last', '--split', 'test')
    first, second = capsys.readouterr().out.split('2/3: ')[1:]
    assert 'output of backbone.layer2.0 (unit 2 of 3)' in first
    assert f'test, head.fc: {tmp_path / "test" / "head.fc"}' in first
    assert 'test, head.fc: finished before, nothing to do' in second


@pytest.mark.parametrize(
    'number, code', [(signal.SIGINT, 130),
                     pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow)])
def test_command_given_again_goes_on_to_the_same_end(work_dir, tmp_path,
                                                     number, code):
    # One image at a time, so that there is a middle to interrupt.
    options = tiny_options(
        train_dataloader__dataset__indices=500, val_dataloader__batch_size=1)

    def arguments(name):
        return [
            CONFIG, work_dir / 'epoch_1.pth', '--split', 'train', '--out-dir',
            tmp_path / name, '--cfg-options', *options
        ]

    process = start_tool(
        'extract_features', *arguments('cut'), stderr=subprocess.PIPE)
    folder = tmp_path / 'cut' / 'train' / 'head.fc'
    while not (folder / 'progress.json').exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    message = process.communicate()[1]
    assert process.returncode == code
    assert not (folder / 'bank.json').exists()
    assert (number == signal.SIGKILL) != ('same command again' in message)
    call('extract_features', *arguments('cut'))
    call('extract_features', *arguments('whole'))
    cut = load_bank(str(folder))
    whole = load_bank(str(tmp_path / 'whole' / 'train' / 'head.fc'))
    assert np.array_equal(cut.features, whole.features)
    assert np.array_equal(cut.confidence, whole.confidence)


@pytest.mark.parametrize(
    'args, message',
    [(['nowhere.py', 'gone.pth'], 'config: expected a file, found none'),
     ([ROOT / 'README.md', __file__], 'cannot be read as a config'),
     ([CONFIG, 'gone.pth'], "checkpoint: expected a file, found none at"),
     ([CONFIG, 'gone.pth', '--pooling', 'sum'], "invalid choice: 'sum'"),
     ([CONFIG, __file__], 'cannot be read'),
     ([CONFIG, __file__, '--device', 'warp'], '--device warp'),
     ([CONFIG, __file__, '--cfg-options', 'modle.x=1'], 'did you mean')],
    ids=[
        'config', 'swapped', 'checkpoint', 'pooling', 'content', 'device',
        'option'
    ])
def test_mistaken_command_line_is_explained_without_a_traceback(
        args, message, capsys):
    with pytest.raises(SystemExit) as stop:
        call('extract_features', *args)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
