# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.engine.latest_checkpoint import latest_checkpoint


def test_folder_without_a_pointer_has_none(tmp_path):
    (tmp_path / 'epoch_1.pth').touch()
    assert latest_checkpoint(str(tmp_path)) is None


def test_copy_of_a_folder_names_its_own_file(tmp_path):
    for name in ('old', 'new'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'epoch_1.pth').touch()
        (tmp_path / name / 'last_checkpoint').write_text(
            str(tmp_path / 'old/epoch_1.pth'))
    new = tmp_path / 'new'
    assert latest_checkpoint(str(new)) == str(new / 'epoch_1.pth')


def test_checkpoints_may_lie_elsewhere(tmp_path):
    other = tmp_path / 'other.pth'
    other.touch()
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/last_checkpoint').write_text(str(other))
    assert latest_checkpoint(str(tmp_path / 'run')) == str(other)


def test_file_that_is_gone_is_expected_in_the_folder(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('/gone/epoch_1.pth')
    assert latest_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_1.pth')
