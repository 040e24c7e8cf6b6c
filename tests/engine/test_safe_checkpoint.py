# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import CheckpointLoader, Runner
from torch import nn
from torch.utils.data import Dataset

from mmcurv.engine import safe_checkpoint
from mmcurv.engine.safe_checkpoint import TRUST_VARIABLE, make_checkpoints_safe


class TwelvePoints(Dataset):
    metainfo = dict(classes=('even', 'odd'))

    def __len__(self):
        return 12

    def __getitem__(self, index):
        return dict(inputs=torch.randn(3), target=index % 2)


class TinyModel(BaseModel):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, inputs, target, mode='tensor'):
        return dict(
            loss=nn.functional.cross_entropy(self.linear(inputs), target))


class RunsCode:

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command, )


@pytest.fixture(autouse=True)
def untrusted(monkeypatch):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    make_checkpoints_safe()


@pytest.fixture
def stock_checkpoint(tmp_path):
    """A file with the history that mmengine alone would have written."""
    path = tmp_path / 'stock.pth'
    script = ('import sys, torch\n'
              'from mmengine.logging import HistoryBuffer\n'
              'history = HistoryBuffer([1., 2.], [1, 1])\n'
              'torch.save(dict(history=history), sys.argv[1])')
    subprocess.run([sys.executable, '-c', script, str(path)], check=True)
    return path


def run(work_dir, max_epochs, resume=False):
    runner = Runner(
        TinyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=TwelvePoints(),
            batch_size=4,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True)),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        param_scheduler=dict(type='MultiStepLR', milestones=[1]),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='CheckpointHook', interval=1)),
        default_scope='mmengine',
        resume=resume,
        log_level='WARNING',
        experiment_name=f'{work_dir.name}_{max_epochs}')
    runner.train()
    return runner


def test_run_resumes_with_weights_only_loading(tmp_path, monkeypatch):
    first = run(tmp_path, max_epochs=2)
    modes = []
    load = torch.load

    def noting_load(*args, **kwargs):
        modes.append(kwargs.get('weights_only'))
        return load(*args, **kwargs)

    monkeypatch.setattr(torch, 'load', noting_load)
    second = run(tmp_path, max_epochs=3, resume=True)

    assert modes == [True]
    assert second.iter == 9
    before = first.message_hub.get_scalar('train/loss').data[0]
    after = second.message_hub.get_scalar('train/loss').data[0]
    assert len(before) == 6 and len(after) == 9
    assert np.array_equal(after[:6], before)


def test_saved_run_loads_with_plain_torch_load(tmp_path):
    run(tmp_path, max_epochs=1)
    checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert history.statistics('mean') == history.data[0].mean()


def test_getattr_is_not_among_the_safe_globals():
    allowed = torch.serialization.get_safe_globals()
    assert HistoryBuffer in allowed
    assert getattr not in allowed


def test_calling_twice_changes_nothing():
    before = (HistoryBuffer.__getstate__, HistoryBuffer.__setstate__,
              set(torch.serialization.get_safe_globals()),
              dict(CheckpointLoader._schemes))
    make_checkpoints_safe()
    after = (HistoryBuffer.__getstate__, HistoryBuffer.__setstate__,
             set(torch.serialization.get_safe_globals()),
             dict(CheckpointLoader._schemes))
    assert after == before


def test_only_the_local_loader_is_replaced():
    for prefix, loader in CheckpointLoader._schemes.items():
        ours = loader is safe_checkpoint.load_from_local
        assert ours == (prefix == '')


def test_pickled_history_keeps_its_numbers_and_its_methods():
    history = HistoryBuffer([3., 1., 2.], [1, 1, 1], max_length=7)
    copy = pickle.loads(pickle.dumps(history))
    assert copy.statistics('min') == 1.
    assert copy.max_length == 7
    assert 'statistics_methods' not in vars(copy)
    copy.update(5.)
    assert copy.current() == 5.


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'int64', 'uint32'])
def test_numpy_numbers_survive_weights_only_loading(tmp_path, dtype):
    array = np.arange(4, dtype=dtype)
    torch.save(dict(array=array, scalar=array[3]), tmp_path / 'numbers.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'numbers.pth'))
    assert loaded['array'].dtype == array.dtype
    assert np.array_equal(loaded['array'], array)
    assert loaded['scalar'] == 3


def test_checkpoint_with_code_is_refused_and_does_not_run(tmp_path):
    trace = tmp_path / 'trace'
    path = tmp_path / 'malicious.pth'
    torch.save(dict(state_dict=RunsCode(f'touch {trace}')), path)
    with pytest.raises(pickle.UnpicklingError, match='malicious.pth') as info:
        CheckpointLoader.load_checkpoint(str(path))
    assert not trace.exists()
    assert f'{TRUST_VARIABLE}=1' in str(info.value)
    assert 'system' in str(info.value.__cause__)


def test_stock_checkpoint_is_refused_unless_trusted(stock_checkpoint):
    with pytest.raises(pickle.UnpicklingError, match=TRUST_VARIABLE) as info:
        CheckpointLoader.load_checkpoint(str(stock_checkpoint))
    assert 'getattr' in str(info.value.__cause__)


def test_trusted_stock_checkpoint_loads_with_a_warning(stock_checkpoint,
                                                       monkeypatch):
    warnings = []
    monkeypatch.setattr(safe_checkpoint, 'print_log',
                        lambda message, **_: warnings.append(message))
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    loaded = CheckpointLoader.load_checkpoint(str(stock_checkpoint))
    assert loaded['history'].mean() == 1.5
    assert 'statistics_methods' not in vars(loaded['history'])
    assert len(warnings) == 1 and str(stock_checkpoint) in warnings[0]


def test_trust_is_not_used_where_weights_only_suffices(tmp_path, monkeypatch):
    warnings = []
    monkeypatch.setattr(safe_checkpoint, 'print_log',
                        lambda message, **_: warnings.append(message))
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    torch.save(dict(state_dict={}), tmp_path / 'plain.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'plain.pth'))
    assert loaded == dict(state_dict={})
    assert warnings == []


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nowhere.pth'))
