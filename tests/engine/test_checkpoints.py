# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import hashlib
import os
import zipfile
from pathlib import Path

import pytest
import torch

from mmcurv.arguments import UsageError
from mmcurv.engine.checkpoints import (latest_checkpoint, read_checkpoint,
                                       run_checkpoints, run_config)
from mmcurv.engine.hooks.class_counts import TrainSplit

WEIGHTS = dict(weight=torch.ones(3, 2), bias=torch.zeros(3))


def saved(tmp_path, content):
    path = tmp_path / 'a.pth'
    torch.save(content, path)
    return str(path)


def test_checkpoint_tells_its_hash_and_its_training(tmp_path):
    split = TrainSplit([4, 2], 'f' * 64, 'LongTailed(X)')
    path = saved(
        tmp_path,
        dict(
            meta=dict(epoch=7, iter=90, dataset_meta=dict(classes=('a', 'b'))),
            state_dict=WEIGHTS,
            mmcurv_split=split.state()))
    checkpoint = read_checkpoint(path)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert checkpoint.sha256 == digest
    assert (checkpoint.epoch, checkpoint.iteration) == (7, 90)
    assert checkpoint.split == split
    assert checkpoint.class_names == ['a', 'b']


def test_training_by_iterations_has_no_epoch(tmp_path):
    path = saved(tmp_path,
                 dict(meta=dict(epoch=0, iter=500), state_dict=WEIGHTS))
    checkpoint = read_checkpoint(path)
    assert (checkpoint.epoch, checkpoint.iteration) == (None, 500)


def test_bare_state_dict_of_a_wrapped_model_is_read(tmp_path):
    state = {f'module.{k}': v for k, v in WEIGHTS.items()}
    checkpoint = read_checkpoint(saved(tmp_path, state))
    assert set(checkpoint.state_dict) == set(WEIGHTS)
    assert checkpoint.epoch is None and checkpoint.split is None


@pytest.mark.parametrize('content, words', [
    ([1, 2], 'expected a dict of weights, got list'),
    (dict(epoch=1), "expected weights under 'state_dict'.*found epoch"),
])
def test_file_without_weights_is_refused(tmp_path, content, words):
    with pytest.raises(UsageError, match=words):
        read_checkpoint(saved(tmp_path, content))


def test_damaged_file_is_refused(tmp_path):
    path = saved(tmp_path, WEIGHTS)
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[:len(whole) // 2])
    with pytest.raises(UsageError, match="'.*a.pth' cannot be read"):
        read_checkpoint(path)


def test_folder_without_a_pointer_has_none(tmp_path):
    (tmp_path / 'epoch_1.pth').touch()
    assert latest_checkpoint(str(tmp_path)) is None


def whole(path):
    """A file that torch could have written."""
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('weights', bytes(2000))
    return str(path)


def test_copy_of_a_folder_names_its_own_file(tmp_path):
    for name in ('old', 'new'):
        (tmp_path / name).mkdir()
        whole(tmp_path / name / 'epoch_1.pth')
        (tmp_path / name / 'last_checkpoint').write_text(
            str(tmp_path / 'old/epoch_1.pth'))
    new = tmp_path / 'new'
    assert latest_checkpoint(str(new)) == str(new / 'epoch_1.pth')


def test_checkpoints_may_lie_elsewhere(tmp_path):
    other = whole(tmp_path / 'other.pth')
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/last_checkpoint').write_text(other)
    assert latest_checkpoint(str(tmp_path / 'run')) == other


def test_last_whole_checkpoint_is_gone_on_from(tmp_path, capsys):
    paths = {
        epoch: whole(tmp_path / f'epoch_{epoch}.pth')
        for epoch in (2, 9, 10, 11)
    }
    pointer = tmp_path / 'last_checkpoint'
    pointer.write_text('/gone/epoch_10.pth')
    folder = str(tmp_path)
    assert latest_checkpoint(folder) == paths[10]
    for epoch in (10, 9):
        path = Path(paths[epoch])
        path.write_bytes(path.read_bytes()[:700])
    # The 11th is of an earlier attempt, which the pointer no longer names.
    assert latest_checkpoint(folder) == paths[2]
    assert f'{paths[9]} is damaged and was skipped' in capsys.readouterr().out
    os.remove(paths[2])
    assert latest_checkpoint(folder) is None
    pointer.write_text('/gone/epoch_7.pth')
    assert latest_checkpoint(folder) is None
    assert '/epoch_7.pth is gone' in capsys.readouterr().out


def run_with(folder, *names):
    for name in names:
        (folder / name).touch()
    return str(folder)


def test_checkpoints_come_in_the_order_of_training(tmp_path):
    run = run_with(tmp_path, 'epoch_10.pth', 'epoch_9.pth', 'epoch_100.pth',
                   'best_accuracy_top1_epoch_9.pth', 'last_checkpoint',
                   'iter_5.pth', 'epoch_3.txt')
    found = run_checkpoints(run)
    assert [c.number for c in found] == [9, 10, 100]
    assert [c.tag for c in found] == ['epoch_009', 'epoch_010', 'epoch_100']
    assert found[0].path == str(tmp_path / 'epoch_9.pth')


def test_iterations_count_where_there_are_no_epochs(tmp_path):
    run = run_with(tmp_path, 'iter_2000.pth', 'iter_500.pth')
    assert [c.tag
            for c in run_checkpoints(run)] == ['iter_0000500', 'iter_0002000']


def test_run_without_checkpoints_lists_what_it_has(tmp_path):
    run = run_with(tmp_path, 'best_top1_epoch_9.pth')
    with pytest.raises(UsageError, match='found best_top1_epoch_9.pth; for a'):
        run_checkpoints(run)


def test_folder_that_does_not_exist_is_refused():
    for function in (run_checkpoints, run_config):
        with pytest.raises(UsageError, match="found none at 'nowhere'"):
            function('nowhere')


def test_config_of_the_run_is_not_the_one_of_a_later_test(tmp_path):
    run = run_with(tmp_path, 'ce_resnet.py', '20260102_030405.py')
    assert run_config(run) == str(tmp_path / 'ce_resnet.py')


@pytest.mark.parametrize('names, found', [((), 'none'),
                                          (('a.py', 'b.py'), 'a.py, b.py')])
def test_run_without_one_config_asks_for_it(tmp_path, names, found):
    run = run_with(tmp_path, *names)
    with pytest.raises(UsageError, match=f'found {found}; give CONFIG'):
        run_config(run)
