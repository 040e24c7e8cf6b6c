# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from mmcurv.audit.feature_bank import (FeatureBank, is_finished, load_bank,
                                       save_bank)


def make_bank(**changes):
    rng = np.random.default_rng(0)
    whole = FeatureBank(
        features=rng.normal(size=(6, 3)).astype(np.float32),
        labels=np.array([0, 0, 1, 1, 1, 0]),
        class_names=['cat', '<b>dog</b>'],
        predictions=np.array([0, 1, 1, 1, 0, 0]),
        confidence=np.linspace(0.5, 1, 6),
        class_accuracy=np.array([0.5, np.nan]),
        train_counts=np.array([30, 5]),
        paths=[f'images/{i}.png' for i in range(6)],
        metadata=dict(model='toy', split='test', epoch=None))
    return replace(whole, **changes)


def assert_same(a, b):
    assert a.class_names == b.class_names
    assert a.paths == b.paths and a.metadata == b.metadata
    for name in ('features', 'labels', 'predictions', 'confidence',
                 'class_accuracy', 'train_counts'):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_saved_bank_is_loaded_as_it_was_and_its_features_stay_on_disk(
        tmp_path):
    bank = make_bank()
    save_bank(bank, str(tmp_path / 'bank'))
    loaded = load_bank(str(tmp_path / 'bank'))
    assert_same(loaded, bank)
    assert isinstance(loaded.features, np.memmap)
    assert not loaded.features.flags.writeable
    assert loaded.features.dtype == np.float32
    assert loaded.num_classes == 2


def test_what_a_bank_does_not_have_stays_none(tmp_path):
    absent = dict.fromkeys(('predictions', 'confidence', 'class_accuracy',
                            'train_counts', 'paths'))
    save_bank(make_bank(**absent), str(tmp_path))
    loaded = load_bank(str(tmp_path))
    assert all(getattr(loaded, name) is None for name in absent)


def test_bank_saved_over_a_fuller_one_does_not_inherit_its_arrays(tmp_path):
    save_bank(make_bank(), str(tmp_path))
    save_bank(make_bank(confidence=None, paths=None), str(tmp_path))
    loaded = load_bank(str(tmp_path))
    assert loaded.confidence is None and loaded.paths is None


def test_features_filled_in_place_are_not_written_again(tmp_path):
    bank = make_bank()
    place = np.lib.format.open_memmap(
        str(tmp_path / 'features.npy'),
        mode='w+',
        dtype=np.float32,
        shape=(6, 3))
    place[:] = bank.features
    inode = os.stat(tmp_path / 'features.npy').st_ino
    save_bank(replace(bank, features=place), str(tmp_path))
    assert os.stat(tmp_path / 'features.npy').st_ino == inode
    assert_same(load_bank(str(tmp_path)), bank)


def test_part_of_a_bank_is_not_saved_over_the_whole(tmp_path):
    save_bank(make_bank(), str(tmp_path))
    loaded = load_bank(str(tmp_path))
    part = FeatureBank(loaded.features[:2], loaded.labels[:2],
                       loaded.class_names)
    with pytest.raises(ValueError, match='save to another folder'):
        save_bank(part, str(tmp_path))


def test_interrupted_bank_is_not_loaded(tmp_path, monkeypatch):
    save_bank(make_bank(), str(tmp_path))

    def interrupt(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'replace', interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_bank(make_bank(), str(tmp_path))
    assert not is_finished(str(tmp_path))
    with pytest.raises(FileNotFoundError, match='features.npy.*extract'):
        load_bank(str(tmp_path))


def test_folder_that_is_missing_is_said_to_be(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such folder'):
        load_bank(str(tmp_path / 'nowhere'))


@pytest.mark.parametrize('change, message', [
    (dict(features=np.zeros(6)), r'features: expected shape \(N, p\)'),
    (dict(labels=np.zeros(5, int)), r'labels.*\(6,\), got \(5,\)'),
    (dict(paths=['a.png']), r'paths.*\(6,\), got \(1,\)'),
    (dict(train_counts=np.ones(3, int)), r'train_counts.*\(2,\), got \(3,\)'),
    (dict(labels=np.arange(6)), r'labels.*\[0, 2\), but 4 of 6'),
    (dict(predictions=np.full(6, -1)), r'predictions.*6 of 6.*min -1'),
])
def test_arrays_that_do_not_fit_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        save_bank(make_bank(**change), str(tmp_path))
    assert not is_finished(str(tmp_path))


@pytest.mark.parametrize('change, words', [
    (dict(schema='other'), "schema 'mmcurv.feature_bank', got 'other'"),
    (dict(schema_version=2), 'version 1 of mmcurv.feature_bank, got 2'),
])
def test_bank_of_another_schema_is_refused(tmp_path, change, words):
    save_bank(make_bank(), str(tmp_path))
    path = tmp_path / 'bank.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=words):
        load_bank(str(tmp_path))


def test_array_that_vanished_is_named(tmp_path):
    save_bank(make_bank(), str(tmp_path))
    os.remove(tmp_path / 'confidence.npy')
    with pytest.raises(ValueError, match='expected confidence.npy'):
        load_bank(str(tmp_path))


def test_loaded_bank_can_be_saved_again_in_its_place(tmp_path):
    save_bank(make_bank(), str(tmp_path))
    loaded = load_bank(str(tmp_path))
    save_bank(replace(loaded, metadata=dict(epoch=3)), str(tmp_path))
    assert_same(load_bank(str(tmp_path)), make_bank(metadata=dict(epoch=3)))
