# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

import mmcurv
from mmcurv.engine import shipped_files
from mmcurv.engine.shipped_files import config_file, shipped_file


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A package without anything beside it."""
    package = tmp_path / 'mmcurv'
    package.mkdir()
    monkeypatch.setattr(shipped_files, 'PACKAGE', str(package))
    return tmp_path


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


def test_this_checkout_has_the_training_tool():
    assert shipped_file('tools/train.py').endswith('/tools/train.py')
    assert mmcurv.__file__.endswith('mmcurv/__init__.py')


def test_checkout_comes_before_the_copies_of_an_old_build(place):
    touch(place / 'mmcurv' / '.mim' / 'tools' / 'train.py')
    touch(place / 'setup.py')
    own = touch(place / 'tools' / 'train.py')
    assert shipped_file('tools/train.py') == own


def test_installed_package_does_not_take_what_lies_beside_it(place):
    touch(place / 'tools' / 'train.py')  # of another project
    with pytest.raises(FileNotFoundError, match='install mmcurv again'):
        shipped_file('tools/train.py')
    own = touch(place / 'mmcurv' / '.mim' / 'tools' / 'train.py')
    assert shipped_file('tools/train.py') == own


def test_config_of_the_user_comes_before_the_one_that_is_shipped(
        place, monkeypatch):
    path = 'configs/ce/x.py'
    shipped = touch(place / 'mmcurv' / '.mim' / path)
    (place / 'here').mkdir()
    monkeypatch.chdir(place / 'here')
    assert config_file(path) == shipped
    touch(place / 'here' / path)
    assert config_file(path) == path
