# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets.preparing import Options, downloads
from mmcurv.datasets.preparing.downloads import download_checks


def no_download(root):
    raise AssertionError('nothing may be fetched')


def test_files_that_are_there_are_not_fetched(tmp_path):
    (tmp_path / 'a.gz').touch()
    (tmp_path / 'b').touch()
    options = Options(str(tmp_path), download=True)
    check, = download_checks(['a.gz', 'b.gz'], no_download, 'page', options)
    assert check.state == 'ok'


def test_nothing_is_fetched_unless_it_is_asked_for(tmp_path):
    options = Options(str(tmp_path))
    check, = download_checks(['a', 'b'], no_download, 'http://page', options)
    assert check.state == 'missing' and check.found.startswith('2 of 2')
    assert '--download' in check.remedy and 'http://page' in check.remedy


def test_download_is_called_with_the_root(tmp_path):
    calls = []
    options = Options(str(tmp_path), download=True)
    check, = download_checks(['a'], calls.append, 'page', options)
    assert calls == [str(tmp_path)] and check.state == 'built'


@pytest.mark.parametrize('error', [OSError('no route'), RuntimeError('MD5')])
def test_failed_download_is_told(tmp_path, error):

    def fail(root):
        raise error

    options = Options(str(tmp_path), download=True)
    check, = download_checks(['a'], fail, 'page', options)
    assert check.state == 'missing' and str(error) in check.found


def test_urls_and_names_are_those_of_torchvision(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(downloads, 'download_url',
                        lambda url, root, name, md5: calls.append((url, name)))
    downloads.download_svhn(str(tmp_path))
    downloads.download_fashion_mnist(str(tmp_path))
    assert [name for _, name in calls][:3] == [
        'train_32x32.mat', 'test_32x32.mat', 'train-images-idx3-ubyte.gz'
    ]
    assert all(url.endswith(name) for url, name in calls)
    assert len(calls) == 6
    for name in ('CIFAR10', 'CIFAR100'):
        monkeypatch.setattr(
            downloads, name, lambda root, download: calls.append(
                (root, download)))
    downloads.download_cifar10('x')
    downloads.download_cifar100('y')
    assert calls[6:] == [('x', True), ('y', True)]
