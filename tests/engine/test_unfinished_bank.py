# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import shutil
from collections import namedtuple

import numpy as np
import pytest

from mmcurv.audit.feature_bank import is_finished, load_bank
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.unfinished_bank import UnfinishedBank

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


def test_full_disk_is_noticed_before_it_kills_the_process(
        tmp_path, monkeypatch):
    usage = namedtuple('usage', 'free')
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage(39))
    with pytest.raises(
            UsageError, match='expected 0.0 GB of free space for 5'):
        write(opened(tmp_path), 0, 2)
