# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is said of checkpoint files that are not whole."""
import os

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmcurv.engine.damaged_checkpoint import DamagedCheckpoint, newest_whole
from mmcurv.engine.safe_checkpoint import make_checkpoints_safe

make_checkpoints_safe()


def save(path, seconds=0):
    torch.save(dict(state_dict=dict(weight=torch.randn(500))), path)
    os.utime(path, (seconds, seconds))
    return path


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
SAID = dict(
    breaks_off='breaks off',
    lacks_its_end='breaks off',
    is_empty='an empty file',
    is_of_zeros='no checkpoint',
    is_a_web_page='22 bytes that are no checkpoint')


@pytest.mark.parametrize('name', DAMAGES)
def test_file_that_is_not_whole_is_named_with_the_newest_whole_one(
        tmp_path, name):
    save(tmp_path / 'epoch_1.pth', 1)
    save(tmp_path / 'epoch_2.pth', 2)
    (tmp_path / 'epoch_3.pth.partial').write_bytes(b'PK')
    (tmp_path / 'epoch_9.pth').write_bytes(b'PK')  # the newest, but not whole
    path = save(tmp_path / 'epoch_4.pth', 4)
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(DamagedCheckpoint) as info:
        CheckpointLoader.load_checkpoint(str(path))
    said = str(info.value)
    assert f'whole checkpoint in {path}, got' in said
    assert f'is {tmp_path / "epoch_2.pth"}: resume from that' in said
    assert SAID.get(name, 'is damaged') in said


def test_folder_without_another_checkpoint_says_so(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'')
    with pytest.raises(DamagedCheckpoint, match='no other checkpoint'):
        CheckpointLoader.load_checkpoint(str(path))


def test_file_that_is_gone_is_named_with_the_newest_whole_one(tmp_path):
    save(tmp_path / 'epoch_1.pth')
    with pytest.raises(
            FileNotFoundError, match=r'epoch_2\.pth can not.*epoch_1\.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_2.pth'))


def test_best_checkpoint_is_the_last_to_be_advised(tmp_path):
    assert newest_whole(str(tmp_path), '') is None
    best = save(tmp_path / 'best_epoch_1.pth', 9)
    assert newest_whole(str(tmp_path), '') == str(best)
    latest = save(tmp_path / 'epoch_3.pth', 3)
    assert newest_whole(str(tmp_path), '') == str(latest)


def test_lack_of_memory_is_not_called_damage(tmp_path, monkeypatch):
    path = save(tmp_path / 'epoch_1.pth')

    def load(*args, **kwargs):
        raise torch.OutOfMemoryError('out of memory')

    monkeypatch.setattr(torch, 'load', load)
    with pytest.raises(torch.OutOfMemoryError, match='out of memory'):
        CheckpointLoader.load_checkpoint(str(path))
