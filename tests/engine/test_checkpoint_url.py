# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pickle
import shutil

import pytest
import torch
from mmengine.runner import CheckpointLoader, checkpoint

import mmcurv.registry  # noqa: F401
from mmcurv.engine.checkpoint_url import load_url
from mmcurv.engine.safe_checkpoint import TRUST_VARIABLE
from tests.security.evil_files import evil_checkpoint

URL = 'https://example.org/models/weights.pth?version=1'
ADDRESSES = [
    URL, 'torchvision://net', 'open-mmlab://net', 'openmmlab://net',
    'mmcls://net'
]


@pytest.fixture(autouse=True)
def untrusted(monkeypatch, tmp_path):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    for name in ('get_torchvision_models', 'get_external_models',
                 'get_mmcls_models'):
        monkeypatch.setattr(checkpoint, name, lambda: dict(net=URL))


@pytest.fixture
def served(monkeypatch):
    """Set what lies behind every address; gives the addresses asked for."""
    asked = []

    def serve(path):

        def download(url, target, *_, **__):
            asked.append(url)
            shutil.copy(path, target)

        monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
        return asked

    return serve


@pytest.mark.parametrize('address', ADDRESSES)
def test_downloaded_code_is_refused_and_does_not_run(served, tmp_path,
                                                     address):
    marker = tmp_path / 'marker'
    served(evil_checkpoint(tmp_path / 'evil.pth', marker))
    with pytest.raises(pickle.UnpicklingError, match='weights.pth'):
        CheckpointLoader.load_checkpoint(address)
    assert not marker.exists()


def test_weights_are_downloaded_once(served, tmp_path):
    torch.save(dict(weight=torch.ones(2)), tmp_path / 'weights.pth')
    asked = served(tmp_path / 'weights.pth')
    for _ in range(2):
        content = CheckpointLoader.load_checkpoint(URL, map_location='cpu')
        assert torch.equal(content['weight'], torch.ones(2))
    assert asked == [URL]
    assert (tmp_path / 'hub' / 'checkpoints' / 'weights.pth').is_file()


def test_trusted_download_is_loaded_in_full(served, tmp_path, monkeypatch):
    monkeypatch.setenv(TRUST_VARIABLE, '1')
    served(evil_checkpoint(tmp_path / 'evil.pth', tmp_path / 'marker'))
    CheckpointLoader.load_checkpoint(URL)
    assert (tmp_path / 'marker').exists()


@pytest.mark.parametrize('url',
                         ['https://example.org', 'https://example.org/a/..'])
def test_address_without_a_file_is_refused(served, url):
    asked = served('nothing')
    with pytest.raises(ValueError, match='name of a checkpoint'):
        load_url(url)
    assert asked == []


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
        CheckpointLoader.load_checkpoint('s3://bucket/evil.pth')
    assert not marker.exists()
