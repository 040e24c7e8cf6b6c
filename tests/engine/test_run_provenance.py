# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import platform
import subprocess

import torch

import mmcurv
from mmcurv.engine.run_provenance import (code_version, machine,
                                          package_versions)


def git(folder, *arguments):
    return subprocess.run(['git', '-C', folder, *arguments],
                          check=True,
                          capture_output=True,
                          text=True,
                          env=dict(
                              PATH='/usr/local/bin:/usr/bin:/bin',
                              HOME=str(folder),
                              GIT_AUTHOR_NAME='a',
                              GIT_AUTHOR_EMAIL='a@b',
                              GIT_COMMITTER_NAME='a',
                              GIT_COMMITTER_EMAIL='a@b')).stdout.strip()


def pretend_to_live_in(folder, monkeypatch):
    package = folder / 'mmcurv'
    package.mkdir(exist_ok=True)
    (package / '__init__.py').touch()
    monkeypatch.setattr(mmcurv, '__file__', str(package / '__init__.py'))


def test_commit_and_cleanness_of_a_checkout(tmp_path, monkeypatch):
    pretend_to_live_in(tmp_path, monkeypatch)
    git(tmp_path, 'init')
    git(tmp_path, 'add', '.')
    git(tmp_path, 'commit', '-m', 'first')
    found = code_version()
    assert found['version'] == mmcurv.__version__
    assert found['commit'] == git(tmp_path, 'rev-parse', 'HEAD')
    assert found['clean'] is True
    (tmp_path / 'logs').mkdir()
    (tmp_path / 'logs' / 'run.log').touch()
    assert code_version()['clean'] is True
    (tmp_path / 'logs' / 'new.py').touch()
    assert code_version()['clean'] is False


def test_package_inside_a_foreign_repository_has_no_commit(
        tmp_path, monkeypatch):
    git(tmp_path, 'init')
    site = tmp_path / 'site-packages'
    site.mkdir()
    pretend_to_live_in(site, monkeypatch)
    assert code_version()['commit'] is None
    assert code_version()['clean'] is None


def test_package_outside_any_repository_has_no_commit(tmp_path, monkeypatch):
    pretend_to_live_in(tmp_path, monkeypatch)
    assert code_version()['commit'] is None


def test_versions_are_those_of_the_process():
    found = package_versions()
    assert found['torch'] == torch.__version__.split('+')[0]
    assert found['python'] == platform.python_version()


def test_machine_names_what_numbers_depend_on():
    found = machine()
    assert found['processor']
    assert found['cores'] >= 1
    assert found['threads'] == torch.get_num_threads()
    assert found['processes'] == 1
    assert len(found['accelerators']) == torch.cuda.device_count()
