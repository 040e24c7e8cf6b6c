# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import torch

from mmcurv.benchmark.states.last_good_checkpoint import (checkpoints,
                                                          last_good_checkpoint)
from tests.benchmark.fake_training import write_checkpoint


def test_newest_is_by_epoch_and_not_by_name(tmp_path):
    for epoch in (9, 10, 2):
        write_checkpoint(tmp_path, epoch)
    (tmp_path / 'best_accuracy_top1_epoch_11.pth').write_bytes(b'')
    (tmp_path / 'epoch_12.pth.partial').write_bytes(b'')
    assert last_good_checkpoint(str(tmp_path)) == (str(tmp_path /
                                                       'epoch_10.pth'), [])
    assert [path.stem for path in checkpoints(str(tmp_path))
            ] == ['epoch_10', 'epoch_9', 'epoch_2']


def test_checkpoint_that_torch_wrote_is_whole(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=dict(weight=torch.ones(300))), path)
    assert last_good_checkpoint(str(tmp_path)) == (str(path), [])


def test_one_changed_bit_is_noticed(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=dict(weight=torch.ones(300))), path)
    content = bytearray(path.read_bytes())
    content[content.index(torch.ones(300).numpy().tobytes()) + 600] ^= 1
    path.write_bytes(content)
    assert last_good_checkpoint(str(tmp_path)) == (None, [str(path)])


def test_file_cut_anywhere_is_noticed(tmp_path):
    write_checkpoint(tmp_path, 1)
    write_checkpoint(tmp_path, 2)
    path = tmp_path / 'epoch_2.pth'
    content = path.read_bytes()
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        assert last_good_checkpoint(str(tmp_path)) == (str(
            tmp_path / 'epoch_1.pth'), [str(path)])


def test_folder_without_checkpoints_has_none(tmp_path):
    assert last_good_checkpoint(str(tmp_path)) == (None, [])
    assert last_good_checkpoint(str(tmp_path / 'gone')) == (None, [])
