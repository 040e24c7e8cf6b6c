# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Folders of images whose classes are not those of the training."""
import cv2
import numpy as np
import pytest

from tests.tools.tool_runs import ROOT, call, unchanged_process

CONFIG = '''
_base_ = {base!r}
custom_hooks = []
model = dict(
    backbone=dict(base_channels=4),
    head=dict(in_channels=16, num_classes=3))
data_preprocessor = dict(num_classes=3)


def loader(folder, shuffle=False):
    return dict(
        batch_size=6,
        num_workers=0,
        persistent_workers=False,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(
            _delete_=True,
            type='CustomDataset',
            data_root={top!r} + '/' + folder,
            pipeline=[
                dict(type='LoadImageFromFile', color_type='grayscale'),
                dict(type='PackInputs')
            ]))


train_dataloader = loader('train', True)
val_dataloader = loader('val')
test_dataloader = loader('test')
train_cfg = dict(max_epochs=1, val_interval=1)
del loader
'''
WRONG = "class 1: 'b' of {0}, 'c' of {1}; only {0} has b; only {1} has d"


def make_folders(top, **splits):
    """Three small images of each class, and a config that trains on them."""
    draw = np.random.default_rng(0)
    for split, classes in splits.items():
        for name in classes:
            folder = top / split / name
            folder.mkdir(parents=True)
            for i in range(3):
                pixels = draw.integers(0, 256, (28, 28), dtype=np.uint8)
                cv2.imwrite(str(folder / f'{i}.png'), pixels)
    path = top / 'folders.py'
    path.write_text(
        CONFIG.format(
            base=str(ROOT / 'configs/_base_/bundled.py'), top=str(top)))
    return path


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A run on classes a, b, c, whose test folders are a, c, d afterwards."""
    top = tmp_path_factory.mktemp('folders')
    config = make_folders(top, train='abc', val='abc', test='abc')
    with unchanged_process():
        call('train', config, '--work-dir', top / 'run')
    (top / 'test/b').rename(top / 'test/d')
    return config, top / 'run/epoch_1.pth'


def refusal(capsys, name, *args):
    """The one line with which a tool ends."""
    with pytest.raises(SystemExit) as error:
        raise SystemExit(call(name, *args))
    printed = capsys.readouterr().err
    assert error.value.code == 2, printed
    assert 'Traceback' not in printed
    return printed.strip().splitlines()[-1]


@pytest.mark.parametrize('split', ['val', 'test'])
def test_no_epoch_is_trained_for_folders_of_other_classes(
        split, tmp_path, capsys):
    folders = dict(train='abc', val='abc', test='abc')
    folders[split] = 'acd'
    config = make_folders(tmp_path, **folders)
    line = refusal(capsys, 'train', config, '--work-dir', tmp_path / 'run')
    assert WRONG.format('the train set', f'the {split} set') in line
    assert not list(tmp_path.glob('run/*.pth'))


def test_missing_test_folder_does_not_keep_from_training(tmp_path, capfd):
    config = make_folders(tmp_path, train='abc', val='abc')
    call('train', config, '--work-dir', tmp_path / 'run')
    assert (tmp_path / 'run/epoch_1.pth').is_file()
    assert 'classes of the test set are not compared' in capfd.readouterr().out


def test_test_of_other_classes_is_refused(trained, tmp_path, capsys):
    line = refusal(capsys, 'test', *trained, '--work-dir', tmp_path)
    assert WRONG.format('the checkpoint', 'the test set') in line


def test_extraction_and_audit_of_other_classes_are_refused(
        trained, tmp_path, capsys):
    for name in ('extract_features', 'analyze_curvature'):
        line = refusal(capsys, name, *trained, '--out-dir', tmp_path / name)
        assert "only the test set of the config has d" in line
        assert not list(tmp_path.glob(f'{name}/**/*.npy'))
