# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run writes appears in one step."""
import pytest

from mmcurv.engine import save_whole
from tests.engine.curvature_run import build


def test_file_that_names_the_latest_is_never_empty(tmp_path, monkeypatch):
    """As it is when it is opened in its place."""
    write, found = save_whole.write_text, []

    def look_and_write(path, text):
        pointer = tmp_path / 'last_checkpoint'
        assert path == str(pointer)
        found.append(pointer.read_text() if pointer.exists() else None)
        write(path, text)

    monkeypatch.setattr(save_whole, 'write_text', look_and_write)
    build(tmp_path, max_epochs=2).train()
    assert found == [None, str(tmp_path / 'epoch_1.pth')]
    pointer = tmp_path / 'last_checkpoint'
    assert pointer.read_text() == str(tmp_path / 'epoch_2.pth')


def test_other_errors_of_the_disk_keep_their_words(tmp_path, monkeypatch):

    def write(path, data):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(save_whole, 'write_bytes', write)
    with pytest.raises(PermissionError, match=r'\[Errno 13\] Permission'):
        build(tmp_path, max_epochs=1).train()
