# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What setup.py puts into an editable install, a wheel and an sdist."""
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INPUTS = ('setup.py', 'setup.cfg', 'MANIFEST.in', 'LICENSE', 'README.md',
          'model-index.yml', 'mmcurv', 'configs', 'tools')


@pytest.fixture
def tree(tmp_path):
    """A copy of what is packaged: building writes beside setup.py."""
    tree = tmp_path / 'tree'
    tree.mkdir()
    ignore = shutil.ignore_patterns('.mim', '__pycache__')
    for name in (*INPUTS, 'benchmarks/matrices'):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=ignore)
        else:
            shutil.copyfile(ROOT / name, tree / name)
    return tree


def build(tree, kind):
    """Call setuptools as pip does; returns the path of what was built."""
    script = ('import sys\n'
              'from setuptools import build_meta\n'
              f'print(build_meta.build_{kind}(sys.argv[1]))')
    out = tree.parent / 'out'
    out.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, '-c', script, str(out)],
        cwd=tree,
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


def files_under(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }


def expected_in_package():
    data = {
        f'{folder}/{name}'
        for folder in ('data', 'audit/report/templates')
        for name in files_under(ROOT / 'mmcurv' / folder)
    }
    mim = {
        f'.mim/{folder}/{name}'
        for folder in ('configs', 'tools', 'benchmarks/matrices')
        for name in files_under(ROOT / folder)
    }
    return data | mim | {
        '.mim/model-index.yml', 'geometry/__init__.py',
        'benchmark/paper_results.csv'
    }


def test_wheel_holds_data_configs_and_tools(tree):
    with zipfile.ZipFile(build(tree, 'wheel')) as wheel:
        names = set(wheel.namelist())
    missing = {f'mmcurv/{name}' for name in expected_in_package()} - names
    assert missing == set()
    assert not any(name.startswith('tests/') for name in names)


def test_wheel_of_the_sdist_equals_the_wheel_of_the_tree(tree):
    with zipfile.ZipFile(build(tree, 'wheel')) as wheel:
        from_tree = set(wheel.namelist())
    with tarfile.open(build(tree, 'sdist')) as sdist:
        sdist.extractall(tree.parent / 'unpacked', filter='data')
    unpacked, = (tree.parent / 'unpacked').iterdir()
    shutil.rmtree(tree)
    unpacked.rename(tree)
    with zipfile.ZipFile(build(tree, 'wheel')) as wheel:
        assert set(wheel.namelist()) == from_tree


@pytest.mark.parametrize('kinds', [('wheel', 'editable'),
                                   ('editable', 'sdist', 'wheel')])
def test_editable_install_keeps_links_so_that_edits_count(tree, kinds):
    for kind in kinds:
        build(tree, kind)
    mim = tree / 'mmcurv' / '.mim'
    assert (mim / 'configs').resolve() == (tree / 'configs').resolve()
    assert (mim / 'tools').resolve() == (tree / 'tools').resolve()
    assert (mim / 'model-index.yml').is_symlink()


def test_metadata_commands_place_nothing(tree):
    subprocess.run([sys.executable, 'setup.py', '--quiet', 'egg_info'],
                   cwd=tree,
                   check=True,
                   capture_output=True)
    assert not (tree / 'mmcurv' / '.mim').exists()


@pytest.mark.parametrize('command, mode', [('develop', 'link'),
                                           ('editable_wheel', 'link'),
                                           ('bdist_wheel', 'copy'),
                                           ('sdist', 'copy'),
                                           ('install', 'copy'),
                                           ('egg_info', None),
                                           ('dist_info', None)])
def test_each_command_of_each_pip_has_its_mode(command, mode):
    mim_mode = runpy.run_path(str(ROOT / 'setup.py'))['mim_mode']
    assert mim_mode(['setup.py', '--quiet', command]) == mode


def test_version_is_read_without_importing_the_package():
    read_version = runpy.run_path(str(ROOT / 'setup.py'))['read_version']
    from mmcurv.version import __version__
    assert read_version() == __version__
