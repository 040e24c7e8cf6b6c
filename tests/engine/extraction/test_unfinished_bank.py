# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import errno
import os
import shutil
from collections import namedtuple

import numpy as np
import pytest

from mmcurv.arguments import UsageError
from mmcurv.audit.feature_bank import is_finished, load_bank
from mmcurv.engine.extraction.unfinished_bank import (UnfinishedBank,
                                                      ask_for_space)

IDENTITY = dict(checkpoint_sha256='a', layer='fc')
FEATURES = np.arange(10, dtype=np.float32).reshape(5, 2)
PREDICTIONS = np.array([0, 1, 0, 1, 1])


def opened(folder, **changes):
    return UnfinishedBank(str(folder), dict(IDENTITY, **changes), 5)


def write(bank, start, end):
    bank.write(start, FEATURES[start:end], predictions=PREDICTIONS[start:end])


def finish(bank):
    bank.finish(
        labels=PREDICTIONS,
        class_names=['a', 'b'],
        predictions=bank.column('predictions'),
        metadata=IDENTITY)


def test_rows_of_two_processes_make_one_bank(tmp_path):
    first = opened(tmp_path)
    write(first, 0, 3)
    first.keep()
    assert not is_finished(str(tmp_path))
    second = opened(tmp_path)
    assert (second.done, second.finished, second.changed) == (3, False, [])
    write(second, 3, 5)
    finish(second)
    bank = load_bank(str(tmp_path))
    assert np.array_equal(bank.features, FEATURES)
    assert bank.predictions.tolist() == PREDICTIONS.tolist()
    assert not (tmp_path / 'progress.json').exists()
    third = opened(tmp_path)
    assert (third.done, third.finished) == (5, True)


def test_rows_that_were_not_kept_are_written_again(tmp_path):
    first = opened(tmp_path)
    write(first, 0, 2)
    first.keep()
    write(first, 2, 4)
    assert opened(tmp_path).done == 2


def test_rows_that_are_good_are_not_written_again(tmp_path):
    bank = opened(tmp_path)
    write(bank, 0, 4)
    bank.write(2, np.full((3, 2), 8, np.float32), predictions=np.ones(3, int))
    finish(bank)
    assert load_bank(
        str(tmp_path)).features.tolist() == [*FEATURES[:4].tolist(), [8, 8]]


@pytest.mark.parametrize('finished', [True, False])
def test_another_identity_throws_the_rows_away(tmp_path, finished):
    bank = opened(tmp_path)
    write(bank, 0, 5)
    finish(bank) if finished else bank.keep()
    other = opened(tmp_path, layer='conv')
    assert (other.done, other.finished, other.changed) == (0, False, ['layer'])
    assert is_finished(str(tmp_path)) == finished  # until rows are there
    other.write(0, np.zeros((2, 3), np.float32), predictions=np.zeros(2, int))
    assert not is_finished(str(tmp_path))
    assert np.load(tmp_path / 'features.npy').shape == (5, 3)


def test_removed_rows_are_written_again(tmp_path):
    bank = opened(tmp_path)
    write(bank, 0, 4)
    bank.keep()
    (tmp_path / 'features.npy').unlink()
    assert opened(tmp_path).done == 0


def test_bank_of_another_version_is_not_touched(tmp_path):
    (tmp_path / 'bank.json').write_text('{"schema_version": 99}')
    with pytest.raises(UsageError, match='version 99.*give another --out-dir'):
        opened(tmp_path)


def banks_of(folder):
    return {
        ('fc', split): opened(folder / split)
        for split in ('train', 'test')
    }


def test_space_for_all_banks_is_asked_for_before_the_first_is_made(
        tmp_path, monkeypatch):
    """A sparse file would be made, and the process die as it writes."""
    usage, banks = namedtuple('usage', 'free'), banks_of(tmp_path)
    rows = [dict(fc=FEATURES[:2]), dict(predictions=PREDICTIONS[:2])]
    needed = 2 * 5 * (2 * 4 + 8)
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage(needed - 1))
    with pytest.raises(UsageError, match='for 10 rows of features in 2 banks'):
        ask_for_space(banks, *rows, 'train')
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage(needed))
    ask_for_space(banks, *rows, 'train')
    assert (tmp_path / 'train' / 'features.npy').exists()
    assert not (tmp_path / 'test').exists()
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage(needed // 2))
    ask_for_space(banks, *rows, 'test')


@pytest.mark.skipif(
    not hasattr(os, 'posix_fallocate'), reason='takes no space at once here')
def test_disk_that_fills_up_is_an_error_before_rows_are_written(
        tmp_path, monkeypatch):

    def fail(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', fail)
    with pytest.raises(UsageError, match='no space for .*No space left'):
        write(opened(tmp_path), 0, 2)


def overwrite(path):
    np.save(path, np.full_like(np.load(path), 7))


def cut(path):
    path.write_bytes(path.read_bytes()[:-8])


def lengthen(path):
    path.write_bytes(path.read_bytes() + bytes(8))


def another(path):
    np.save(path, np.zeros((4, 2), np.float32))


def say_more_is_done(path):
    path = path.parent / 'progress.json'
    path.write_text(path.read_text().replace('"done": 3', '"done": 7'))


@pytest.mark.parametrize('finished', [False, True])
@pytest.mark.parametrize('name', ['features', 'predictions'])
@pytest.mark.parametrize('damage', [
    cut, lengthen, overwrite, another, lambda path: path.unlink(),
    lambda path: path.write_text('no array'), say_more_is_done
])
def test_files_that_are_not_what_was_written_start_the_bank_anew(
        tmp_path, damage, name, finished):
    """NumPy would have filled a shortened one with zeros."""
    if finished and damage is say_more_is_done:
        pytest.skip('has no progress any more')
    bank = opened(tmp_path)
    write(bank, 0, 5 if finished else 3)
    finish(bank) if finished else bank.keep()
    damage(tmp_path / f'{name}.npy')
    again = opened(tmp_path)
    assert (again.done, again.finished, again.changed) == (0, False, [])
    assert 'not what was written' in again.broken
    write(again, 0, 5)
    finish(again)
    last = opened(tmp_path)
    assert last.finished and not last.broken
    assert np.array_equal(load_bank(str(tmp_path)).features, FEATURES)


def test_rows_of_zero_done_are_no_damage(tmp_path):
    opened(tmp_path).create(2, dict(predictions=PREDICTIONS.dtype))
    again = opened(tmp_path)
    assert (again.done, again.broken) == (0, '')
    write(again, 0, 5)
    finish(again)
    assert np.array_equal(load_bank(str(tmp_path)).features, FEATURES)
