# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""No file of features runs code, whatever its name says it is."""
import zipfile

import pytest

from mmcurv.audit.feature_bank import save_bank
from tests.audit.sphere_bank import sphere_bank
from tests.tools.tool_runs import load_tool
from .evil_files import evil_npy, evil_npz, evil_pickle


def audit(path, tmp_path, capsys):
    """What the command says of a file that it refuses, in one line."""
    arguments = ['--features', path, '--out-dir', tmp_path / 'out']
    main = load_tool('analyze_curvature').main
    assert main([str(one) for one in arguments]) == 2
    error = capsys.readouterr().err
    assert str(path) in error and 'Traceback' not in error
    assert not (tmp_path / 'out' / 'audit.json').exists()
    return error


@pytest.mark.parametrize('name', [
    'features', 'labels', 'predictions', 'class_names', 'paths',
    'train_counts', 'something'
])
def test_objects_in_an_npz_are_refused(tmp_path, marker, capsys, name):
    path = evil_npz(tmp_path / 'evil.npz', marker, name)
    error = audit(path, tmp_path, capsys)
    assert f'{name} is stored as Python objects' in error


@pytest.mark.parametrize('name, words', [
    ('evil.npz', 'expected an .npz file'),
    ('evil.safetensors', 'expected a .safetensors file'),
    ('evil.npy', 'they can run code'),
    ('evil.pt', 'they can run code'),
    ('evil.pkl', 'expected a file that ends in .csv'),
])
def test_pickle_under_any_name_is_refused(tmp_path, marker, capsys, name,
                                          words):
    path = evil_pickle(tmp_path / name, marker)
    assert words in audit(path, tmp_path, capsys)


def test_pickle_as_a_member_of_an_npz_is_refused(tmp_path, marker, capsys):
    path = tmp_path / 'evil.npz'
    pickled = evil_pickle(tmp_path / 'pickle', marker)
    with zipfile.ZipFile(path, 'w') as archive:
        for name in ('features.npy', 'labels.npy', 'paths'):
            archive.write(pickled, name)
    audit(path, tmp_path, capsys)


def test_npz_whose_members_are_broken_is_refused(tmp_path, capsys):
    path = tmp_path / 'broken.npz'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('features.npy', bytes(4000))
    data = bytearray(path.read_bytes())
    data[45:50] = b'\xff' * 5
    path.write_bytes(data)
    assert 'cannot be read' in audit(path, tmp_path, capsys)


@pytest.mark.parametrize('write', [evil_npy, evil_pickle])
@pytest.mark.parametrize('name', ['features', 'labels'])
def test_objects_in_a_bank_are_refused(tmp_path, marker, capsys, write, name):
    folder = tmp_path / 'bank'
    save_bank(sphere_bank(), str(folder))
    write(folder / f'{name}.npy', marker)
    assert 'they can run code' in audit(folder, tmp_path, capsys)
