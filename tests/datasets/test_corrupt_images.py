# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.datasets.corrupt_images import (shared_flags, stand_ins,
                                            why_unreadable)
from tests.listed_formats import write_image


def test_image_that_decodes_has_no_reason(tmp_path):
    write_image(tmp_path / 'a.JPEG')
    assert why_unreadable(str(tmp_path / 'a.JPEG')) is None


@pytest.mark.parametrize('data, reason', [(b'', 'the file is empty'),
                                          (b'<html>', 'its 6 bytes are no'),
                                          (None, 'FileNotFoundError')])
def test_reason_tells_what_is_wrong(tmp_path, data, reason):
    path = tmp_path / 'a.jpg'
    if data is not None:
        path.write_bytes(data)
    assert reason in why_unreadable(str(path))


def test_stand_ins_are_of_the_same_class_first_and_go_round():
    labels = np.array([0, 1, 0, 2, 1, 0])
    assert stand_ins(labels, 2).tolist() == [5, 0, 3, 4, 1]
    assert stand_ins(labels, 3).tolist() == [4, 5, 0, 1, 2]


def test_flags_are_shared_memory():
    flags = shared_flags(3)
    assert flags.is_shared() and flags.tolist() == [False] * 3
