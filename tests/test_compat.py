# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How checkpoints are written and read, in mmcurv's runs and in others'."""
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import mmengine.hooks.checkpoint_hook as checkpoint_hook
import numpy as np
import pytest
import torch
from mmengine.fileio import LocalBackend
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, checkpoint

from mmcurv import compat
from mmcurv.compat import TRUST_VARIABLE, DamagedCheckpoint, drop_config
from mmcurv.files import write_text
from tests.engine import toy_run
from tests.engine.curvature_run import build
from tests.security.evil_files import evil_checkpoint

ROOT = Path(__file__).resolve().parents[1]
URL = 'https://example.org/models/weights.pth?version=1'

NAMED_AND_THEN_RUN = """
import mmengine.hooks.checkpoint_hook as hook
import mmengine.runner.checkpoint as checkpoint
import torch
from mmengine.fileio import LocalBackend
from mmengine.logging import HistoryBuffer
from mmengine.registry import HOOKS, MODELS
from mmengine.runner import CheckpointLoader


def state():
    return (LocalBackend.put, CheckpointLoader.load_checkpoint.__func__,
            dict(CheckpointLoader._schemes), checkpoint.load_url,
            vars(HistoryBuffer).get('__getstate__'),
            vars(HistoryBuffer).get('__setstate__'), vars(hook).get('open'),
            HistoryBuffer in torch.serialization.get_safe_globals())


before = state()
MODELS.build(dict(type='mmcurv.CurvatureRegularization', tau=100))
MODELS.get('mmcurv.LDAMLoss')
hooks = [HOOKS.build(dict(type='mmcurv.' + name)) for name in NAMES]
assert state() == before
for hook_ in hooks:
    try:
        hook_.before_run(None)
    except AttributeError:
        pass  # it has no runner
    now = state()
    assert all(a != b for a, b in zip(now, before)), type(hook_)
    assert getattr not in torch.serialization.get_safe_globals()
"""


@pytest.fixture(autouse=True)
def applied(monkeypatch):
    """What compat does is undone after each test."""
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    for owner, name in ((LocalBackend, 'put'), (checkpoint, 'load_url'),
                        (CheckpointLoader, 'load_checkpoint'),
                        (HistoryBuffer, '__getstate__'), (HistoryBuffer,
                                                          '__setstate__')):
        if name in vars(owner):
            monkeypatch.setattr(owner, name, vars(owner)[name])
    monkeypatch.setattr(CheckpointLoader, '_schemes',
                        dict(CheckpointLoader._schemes))
    compat.apply()


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr(compat, 'print_log',
                        lambda message, **_: said.append(message))
    return said


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


def load(path):
    return CheckpointLoader.load_checkpoint(str(path))


def test_another_project_is_left_alone_until_a_hook_runs():
    names = "NAMES = ['FeaturePoolHook', 'ClassCountsHook']\n"
    subprocess.run([sys.executable, '-c', names + NAMED_AND_THEN_RUN],
                   cwd=ROOT,
                   check=True)


@pytest.mark.parametrize('version, strict, ours', [
    ('2.5.1', False, False),
    ('2.5.1', True, True),
    ('2.3.0', True, False),
    ('2.6.0', False, True),
    ('2.14.1+cpu', False, True),
])
def test_own_checkpoints_of_a_project_resume_as_before_under_older_torch(
        monkeypatch, version, strict, ours):

    def stock(filename, map_location):
        return 'stock'

    CheckpointLoader.register_scheme('', stock, force=True)
    monkeypatch.setattr(checkpoint, 'load_url', stock)
    monkeypatch.setattr(torch, '__version__', version)
    compat.apply(strict)
    used = [CheckpointLoader._schemes[''], checkpoint.load_url]
    assert (stock not in used) == ours
    assert (used == [stock, stock]) != ours


def test_run_resumes_with_weights_only_loading(tmp_path, monkeypatch):
    build(tmp_path, max_epochs=2).train()
    modes, load = [], torch.load

    def noting_load(*args, **kwargs):
        modes.append(kwargs.get('weights_only'))
        return load(*args, **kwargs)

    monkeypatch.setattr(torch, 'load', noting_load)
    runner = build(tmp_path, max_epochs=3, resume=True)
    runner.train()
    assert modes == [True] and runner.epoch == 3


def test_saved_run_loads_with_plain_torch_load(tmp_path):
    build(tmp_path, max_epochs=1).train()
    content = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    history = content['message_hub']['log_scalars']['train/loss']
    assert history.statistics('mean') == history.data[0].mean()


def test_file_that_names_the_latest_is_never_empty(tmp_path, monkeypatch):
    """As it is when it is opened in its place."""
    found = []

    def look_and_write(path, text):
        pointer = tmp_path / 'last_checkpoint'
        assert path == str(pointer)
        found.append(pointer.read_text() if pointer.exists() else None)
        write_text(path, text)

    monkeypatch.setattr(compat, 'write_text', look_and_write)
    build(tmp_path, max_epochs=2).train()
    assert found == [None, str(tmp_path / 'epoch_1.pth')]
    pointer = tmp_path / 'last_checkpoint'
    assert pointer.read_text() == str(tmp_path / 'epoch_2.pth')
    with pytest.raises(ValueError, match="mode 'w'"):
        with checkpoint_hook.open(str(pointer), 'a'):
            pass


def test_other_errors_of_the_disk_keep_their_words(tmp_path, monkeypatch):

    def write(path, data):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(compat, 'write_bytes', write)
    with pytest.raises(PermissionError, match=r'\[Errno 13\] Permission'):
        build(tmp_path, max_epochs=1).train()


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
    loaded = load(tmp_path / 'numbers.pth')
    assert loaded['array'].dtype == array.dtype
    assert np.array_equal(loaded['array'], array)
    assert loaded['scalar'] == 3


def test_checkpoint_with_code_is_refused_and_does_not_run(tmp_path):
    path = evil_checkpoint(tmp_path / 'evil.pth', tmp_path / 'marker')
    with pytest.raises(pickle.UnpicklingError, match='evil.pth') as info:
        load(path)
    assert f'{TRUST_VARIABLE}=1' in str(info.value)
    assert not (tmp_path / 'marker').exists()


def test_stock_checkpoint_is_refused_unless_trusted(stock_checkpoint,
                                                    monkeypatch, warnings):
    with pytest.raises(pickle.UnpicklingError, match=TRUST_VARIABLE) as info:
        load(stock_checkpoint)
    assert 'getattr' in str(info.value.__cause__)
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    loaded = load(stock_checkpoint)
    assert loaded['history'].mean() == 1.5
    assert 'statistics_methods' not in vars(loaded['history'])
    assert len(warnings) == 1 and str(stock_checkpoint) in warnings[0]


def test_trust_is_not_used_where_weights_only_suffices(tmp_path, monkeypatch,
                                                       warnings):
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    torch.save(dict(state_dict={}), tmp_path / 'plain.pth')
    assert load(tmp_path / 'plain.pth') == dict(state_dict={})
    assert warnings == []


@pytest.mark.parametrize('content', [
    None, 3, [dict(meta=dict(config='a = 1'))], {},
    dict(meta='config'),
    dict(meta=dict(epoch=1)),
    dict(config='a = 1')
])
def test_what_has_no_text_of_a_config_stays_as_it_is(content):
    before = repr(content)
    assert not drop_config(content)
    assert repr(content) == before


def test_text_of_a_config_is_left_out_with_a_warning(tmp_path, warnings):
    path = tmp_path / 'old.pth'
    meta = dict(config='a = 1', cfg='b = 2', epoch=3)
    torch.save(dict(meta=meta, state_dict={}), path)
    assert load(path)['meta'] == dict(cfg='b = 2', epoch=3)
    assert len(warnings) == 1 and str(path) in warnings[0]


def test_resumed_run_does_not_execute_it(tmp_path):
    marker = tmp_path / 'marker'

    def run(epochs, **config):
        runner = toy_run.build(tmp_path,
                               toy_run.train_parts(max_epochs=epochs),
                               **config)
        runner.train()
        return runner

    run(1)
    path = tmp_path / 'epoch_1.pth'
    content = torch.load(path, weights_only=True)
    content['meta']['config'] = f'open({str(marker)!r}, "w").close()\n'
    torch.save(content, path)
    assert run(2, resume=True, load_from=str(path)).epoch == 2
    assert not marker.exists()


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 255]) + data[at + 1:]


# What is made of the bytes of a whole file.
DAMAGES = dict(
    breaks_off=lambda data: data[:len(data) // 2],
    lacks_its_end=lambda data: data[:-10],
    is_empty=lambda data: b'',
    is_of_zeros=lambda data: bytes(len(data)),
    is_a_web_page=lambda data: b'<html>Not found</html>',
    has_another_structure=lambda data: flip(data, data.index(b'weight')),
)


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('name', DAMAGES)
def test_file_that_is_not_whole_is_named_with_those_beside_it(
        tmp_path, name, legacy):
    if legacy and name in ('lacks_its_end', 'has_another_structure'):
        pytest.skip('files of torch before 1.6 have no check sums')
    for number in (1, 2):
        torch.save(
            dict(state_dict=dict(weight=torch.randn(500))),
            tmp_path / f'epoch_{number}.pth',
            _use_new_zipfile_serialization=not legacy)
    path = tmp_path / 'epoch_2.pth'
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(DamagedCheckpoint) as info:
        load(path)
    assert f'whole checkpoint in {path}, got' in str(info.value)
    assert f'Beside it: {tmp_path / "epoch_1.pth"}.' in str(info.value)


def test_file_that_is_gone_is_named_with_those_beside_it(tmp_path):
    torch.save({}, tmp_path / 'epoch_1.pth')
    with pytest.raises(
            FileNotFoundError, match=r'epoch_2\.pth can not.*epoch_1\.pth'):
        load(tmp_path / 'epoch_2.pth')


def test_lack_of_memory_is_not_called_damage(tmp_path, monkeypatch):
    torch.save({}, tmp_path / 'epoch_1.pth')

    def fail(*args, **kwargs):
        raise torch.OutOfMemoryError('out of memory')

    monkeypatch.setattr(torch, 'load', fail)
    with pytest.raises(torch.OutOfMemoryError, match='out of memory'):
        load(tmp_path / 'epoch_1.pth')


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Set what lies behind every address; gives the addresses asked for."""
    asked = []
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    for name in ('get_torchvision_models', 'get_external_models',
                 'get_mmcls_models'):
        monkeypatch.setattr(checkpoint, name, lambda: dict(net=URL))

    def serve(path):

        def download(url, target, *_, **__):
            asked.append(url)
            shutil.copy(path, target)

        monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
        return asked

    return serve


@pytest.mark.parametrize('address', [
    URL, 'torchvision://net', 'open-mmlab://net', 'openmmlab://net',
    'mmcls://net'
])
def test_downloaded_code_is_refused_and_does_not_run(served, tmp_path, address,
                                                     monkeypatch):
    marker = tmp_path / 'marker'
    served(evil_checkpoint(tmp_path / 'evil.pth', marker))
    with pytest.raises(pickle.UnpicklingError):
        load(address)
    assert not marker.exists()
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    load(address)
    assert marker.exists()


def test_weights_are_downloaded_once(served, tmp_path):
    torch.save(dict(weight=torch.ones(2)), tmp_path / 'weights.pth')
    asked = served(tmp_path / 'weights.pth')
    for _ in range(2):
        content = CheckpointLoader.load_checkpoint(URL, map_location='cpu')
        assert torch.equal(content['weight'], torch.ones(2))
    assert asked == [URL]


@pytest.mark.skipif(
    torch.__version__ < '2.6', reason='torch unpickled in full until 2.6')
def test_object_storage_is_read_as_weights_only(tmp_path, monkeypatch):
    marker = tmp_path / 'marker'
    evil_checkpoint(tmp_path / 'evil.pth', marker)
    data = (tmp_path / 'evil.pth').read_bytes()

    class Storage:

        def get(self, path):
            return data

    monkeypatch.setattr(checkpoint, 'get_file_backend',
                        lambda *_, **__: Storage())
    with pytest.raises(pickle.UnpicklingError):
        load('s3://bucket/evil.pth')
    assert not marker.exists()
