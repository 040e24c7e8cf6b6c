# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
from dataclasses import fields

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from mmcurv.audit.feature_bank import FeatureBank, save_bank
from mmcurv.audit.feature_files import read_features
from mmcurv.files import file_sha256

SCRIPT = '<script>alert("x")</script>'


def arrays(**changes):
    rng = np.random.default_rng(0)
    whole = dict(
        features=rng.normal(size=(6, 3)).astype(np.float32),
        labels=np.array([0, 0, 1, 1, 2, 2], np.int16),
        predictions=np.array([0, 1, 1, 1, 2, 0], np.uint8),
        confidence=np.linspace(0.5, 1, 6).astype(np.float32),
        class_accuracy=np.array([0.5, 1, np.nan]),
        train_counts=np.array([30, 5, 7]),
        class_names=np.array(['cat', 'dog', SCRIPT]),
        paths=np.array([f'{i}.png' for i in range(6)]))
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not None}


def write_npz(tmp_path, save=np.savez, **changes):
    path = str(tmp_path / 'features.npz')
    save(path, **arrays(**changes))
    return path


def assert_banks_equal(a, b):
    for field in fields(FeatureBank):
        if field.name != 'metadata':
            np.testing.assert_array_equal(
                getattr(a, field.name), getattr(b, field.name))


def test_npz_gives_every_array_and_leaves_names_raw(tmp_path):
    bank = read_features(write_npz(tmp_path))
    np.testing.assert_array_equal(bank.features, arrays()['features'])
    assert bank.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert bank.labels.dtype == bank.predictions.dtype == np.int64
    assert bank.class_names == ['cat', 'dog', SCRIPT]
    assert bank.paths[5] == '5.png'
    assert bank.train_counts.tolist() == [30, 5, 7]
    assert np.isnan(bank.class_accuracy[2])
    assert len(bank.metadata['feature_file_sha256']) == 64


def test_plain_npz_is_mapped_and_compressed_npz_reads_the_same(tmp_path):
    mapped = read_features(write_npz(tmp_path))
    assert isinstance(mapped.features, np.memmap)
    assert not mapped.features.flags.writeable
    (tmp_path / 'b').mkdir()
    loaded = read_features(write_npz(tmp_path / 'b', np.savez_compressed))
    assert not isinstance(loaded.features, np.memmap)
    assert_banks_equal(mapped, loaded)


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_mapped_features_are_exact_in_each_precision(tmp_path, dtype):
    features = arrays()['features'].astype(dtype)
    bank = read_features(write_npz(tmp_path, features=features))
    assert bank.features.dtype == dtype
    np.testing.assert_array_equal(bank.features, features)


def test_features_in_fortran_order_are_read_as_they_are(tmp_path):
    features = np.asfortranarray(arrays()['features'])
    bank = read_features(write_npz(tmp_path, features=features))
    np.testing.assert_array_equal(bank.features, features)


def write_safetensors(tmp_path, **changes):
    whole = arrays(**changes)
    strings = {
        key: json.dumps(whole.pop(key).tolist())
        for key in ('class_names', 'paths')
    }
    path = str(tmp_path / 'features.safetensors')
    save_file(whole, path, metadata=dict(strings, format='np'))
    return path


def test_safetensors_read_as_npz_with_their_features_on_disk(tmp_path):
    bank = read_features(write_safetensors(tmp_path))
    assert isinstance(bank.features, np.memmap)
    assert_banks_equal(bank, read_features(write_npz(tmp_path)))


def test_safetensors_in_bfloat16_are_widened(tmp_path):
    path = str(tmp_path / 'features.safetensors')
    features = torch.randn(4, 3).bfloat16()
    save_torch(
        dict(features=features, labels=torch.tensor([0, 0, 1, 1])), path)
    bank = read_features(path)
    np.testing.assert_array_equal(bank.features, features.float().numpy())


def test_folder_of_a_bank_is_read_too(tmp_path):
    bank = read_features(write_npz(tmp_path))
    save_bank(bank, str(tmp_path / 'bank'))
    assert_banks_equal(read_features(str(tmp_path / 'bank')), bank)


def test_only_features_and_labels_are_needed(tmp_path):
    rest = dict.fromkeys(set(arrays()) - {'features', 'labels'})
    bank = read_features(write_npz(tmp_path, **rest))
    assert bank.class_names == ['0', '1', '2']
    assert bank.predictions is bank.class_accuracy is bank.paths is None


def test_class_without_samples_is_known_from_the_other_arrays(tmp_path):
    rest = dict.fromkeys(set(arrays()) - {'features', 'labels'})
    rest['train_counts'] = np.array([3, 3, 3, 9])
    assert read_features(write_npz(tmp_path, **rest)).num_classes == 4


def test_string_labels_are_mapped_in_sorted_order(tmp_path):
    bank = read_features(
        write_npz(
            tmp_path,
            labels=np.array(['dog', 'cat', 'dog', 'cat', 'cat', 'cat']),
            predictions=np.array(['dog', 'cat', 'emu', 'cat', 'cat', 'dog']),
            class_names=None,
            class_accuracy=None,
            train_counts=None))
    assert bank.class_names == ['cat', 'dog', 'emu']
    assert bank.labels.tolist() == [1, 0, 1, 0, 0, 0]
    assert bank.predictions.tolist() == [1, 0, 2, 0, 0, 1]


def test_string_labels_follow_given_names(tmp_path):
    labels = np.array(['dog', 'cat', 'dog', 'cat', 'cat', SCRIPT], 'S')
    names = np.array(['dog', SCRIPT, 'cat'])
    bank = read_features(
        write_npz(
            tmp_path, labels=labels, class_names=names, predictions=None))
    assert bank.labels.tolist() == [0, 2, 0, 2, 2, 1]


def test_file_that_calls_arrays_otherwise_is_read_with_keys(tmp_path):
    path = str(tmp_path / 'f.npz')
    np.savez(path, embeddings=arrays()['features'], y=arrays()['labels'])
    bank = read_features(path, keys=dict(features='embeddings', labels='y'))
    assert bank.features.shape == (6, 3)
    with pytest.raises(ValueError, match='keys: expected some of features'):
        read_features(path, keys=dict(feature='embeddings'))


def with_nan():
    features = arrays()['features']
    features[[0, 4, 5], 1] = [np.nan, np.inf, np.nan]
    return features


def test_nan_features_are_counted_named_and_refused(tmp_path):
    path = write_npz(tmp_path, features=with_nan())
    with pytest.raises(ValueError) as caught:
        read_features(path)
    for words in ('3 of 6 samples', f'in 2 classes: {SCRIPT} (2), cat (1)',
                  '--drop-nan', path):
        assert words in str(caught.value)


def test_nan_features_are_kept_for_the_audit_when_they_are_to_be_dropped(
        tmp_path):
    bank = read_features(
        write_npz(tmp_path, features=with_nan()), drop_nan=True)
    assert len(bank.features) == 6


@pytest.mark.parametrize('change, message', [
    (dict(labels=np.zeros(5, int)), r'labels: .*6 as features.*\(5,\)'),
    (dict(predictions=np.zeros(7, int)), r'predictions: .*6 .*\(7,\)'),
    (dict(paths=np.array(['a'])), r'paths: .*6 .*\(1,\)'),
    (dict(class_names=np.array(['a', 'b'])),
     'class_names has 2, class_accuracy has 3'),
    (dict(labels=np.array([0, 0, 1, 1, 2, 3])),
     r'labels: .*\[0, 3\), but 1 of 6 .*max 3.*class_names'),
    (dict(labels=np.array([1, 1, 2, 2, 3, 3])), 'count from 1: subtract 1'),
    (dict(labels=np.array([0, 0, -1, 1, 2, 2])), '1 of 6 .*min -1'),
    (dict(predictions=np.full(6, 9)), 'predictions: .*6 of 6'),
    (dict(labels=np.zeros(6)), 'labels: expected integers or strings, got '
     'float64'),
    (dict(labels=np.zeros((6, 3), int)), 'labels: .*argmax'),
    (dict(labels=np.array(['cat'] * 6)), 'labels that are strings and '
     'predictions that are integers'),
    (dict(labels=np.array(['cow'] * 6),
          predictions=None), "among the 3 class_names, got 1 .*'cow'"),
    (dict(labels=np.array(['cat'] * 6), predictions=None,
          class_names=None), 'Add class_names, in the order'),
    (dict(class_names=np.array(['a', 'b', 'a'])), "'a' more than once"),
    (dict(class_names=np.array(['a', 'b', 3], object)), 'class_names is '
     'stored as Python objects'),
    (dict(features=np.zeros((6, 3), int)), 'features: .*int64'),
    (dict(features=np.zeros((6, 3, 2, 2))), r'\(N, p\), got \(6, 3, 2, 2\)'),
    (dict(class_accuracy=np.array([58., 58, 48])),
     r'class_accuracy: .*\[0, 1\], got 58 .*by 100'),
    (dict(confidence=np.full(6, 1.5)), 'confidence: .*1.5'),
    (dict(train_counts=np.array([1., 2, 3])), 'train_counts: .*integers'),
    (dict(train_counts=np.array([1, -2, 3])), 'got -2 for class 1'),
    (dict(features=np.zeros((6, 0))), 'at least one feature'),
    (dict(features=np.full((6, 3), 1e200)), 'whose square is none'),
    (dict(labels=None), "expected labels, found .*predictions"),
])
def test_arrays_that_do_not_fit_are_named_with_a_remedy(
        tmp_path, change, message):
    path = write_npz(tmp_path, **change)
    with pytest.raises(ValueError, match=message) as caught:
        read_features(path)
    assert str(caught.value).startswith(path)


def test_missing_array_with_a_similar_name_is_suggested(tmp_path):
    path = str(tmp_path / 'f.npz')
    np.savez(path, feature=arrays()['features'], labels=arrays()['labels'])
    assert read_features(path).features.shape == (6, 3)
    np.savez(path, preds=arrays()['labels'], labels=arrays()['labels'])
    with pytest.raises(
            ValueError, match="'preds' is not used; did you mean predictions"):
        read_features(path)


def test_empty_set_is_refused(tmp_path):
    rest = dict.fromkeys(set(arrays()) - {'features', 'labels'})
    rest.update(features=np.zeros((0, 3)), labels=np.zeros(0, int))
    with pytest.raises(ValueError, match='expected samples, got an empty'):
        read_features(write_npz(tmp_path, **rest))


@pytest.mark.parametrize('name, content, message', [
    ('f.txt', b'1,2', ".csv, .parquet, .*or .safetensors.*got '.txt'"),
    ('f.csv', b'1,2', 'expected labels'),
    ('f.csv', b'', 'expected a table'),
    ('f.npy', b'nonsense', 'expected an array'),
    ('f.pt', b'nonsense', 'expected tensors'),
    ('f.npz', b'not a zip', 'expected an .npz file'),
    ('f.npz', b'', 'expected an .npz file'),
    ('f.safetensors', b'nonsense', 'expected a .safetensors file'),
])
def test_file_of_another_kind_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_features(str(tmp_path / name))


def test_file_that_is_missing_is_said_to_be(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file'):
        read_features(str(tmp_path / 'f.npz'))


def test_hash_is_that_of_the_file(tmp_path):
    (tmp_path / 'empty').write_bytes(b'')
    assert file_sha256(str(tmp_path / 'empty')).startswith('e3b0c44298fc1c14')


def test_header_that_promises_more_rows_than_there_are_is_refused(tmp_path):
    """Behind the features lie other arrays, whose bytes are no features."""
    path = tmp_path / 'features.npz'
    features = np.ones((240, 4), np.float32)
    np.savez(path, features=features, labels=np.arange(240) % 3)
    content = path.read_bytes()
    assert content.count(b'(240, 4)') == 1
    path.write_bytes(content.replace(b'(240, 4)', b'(300, 4)'))
    with pytest.raises(ValueError, match='promises 4800 bytes'):
        read_features(str(path))


def test_features_that_were_changed_in_the_file_are_refused(tmp_path):
    path = tmp_path / 'features.npz'
    features = np.full((240, 4), 7.25, np.float32)
    np.savez(path, features=features, labels=np.arange(240) % 3)
    content = path.read_bytes()
    row = features[0].tobytes()
    path.write_bytes(content.replace(row, b'\0' * len(row), 1))
    with pytest.raises(ValueError, match='check sum'):
        read_features(str(path))


def test_columns_of_scores_of_a_table_are_in_the_order_of_the_names(tmp_path):
    path = tmp_path / 'scores.csv'
    path.write_text('label,score_cat,score_dog\n'
                    'cat,2,1\ndog,3,5\ndog,9,1\n')
    bank = read_features(str(path))
    assert bank.class_names == ['cat', 'dog']
    assert bank.predictions.tolist() == [0, 1, 0]
    assert bank.confidence[0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_numbered_scores_are_sorted_as_numbers(tmp_path):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(30, 12)).round(3)
    path = tmp_path / 'scores.csv'
    lines = ['label,' + ','.join(f'score_{c}' for c in range(12))]
    lines += [
        ','.join(map(str, [i % 12, *row]))
        for i, row in enumerate(scores.tolist())
    ]
    path.write_text('\n'.join(lines))
    bank = read_features(str(path))
    assert bank.predictions.tolist() == scores.argmax(1).tolist()


def test_parquet_is_read_where_pyarrow_is_and_asks_for_it_elsewhere(tmp_path):
    path = tmp_path / 'predictions.parquet'
    path.write_bytes(b'PAR1')
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match='pip install pyarrow'):
            read_features(str(path))
        return
    import pandas
    pandas.DataFrame(dict(label=['cat', 'dog'],
                          prediction=['cat', 'cat'])).to_parquet(path)
    assert read_features(str(path)).predictions.tolist() == [0, 0]


@pytest.mark.parametrize('suffix', ['.npy', '.pt'])
def test_single_arrays_come_from_files_of_their_own(tmp_path, suffix):

    def store(name, values):
        path = str(tmp_path / name) + suffix
        if suffix == '.npy':
            np.save(path, values)
        else:
            torch.save(torch.from_numpy(values), path)
        return path

    given = arrays()
    bank = read_features(
        store('features', given['features']),
        files=dict(
            labels=store('labels', given['labels'].astype(np.int64)),
            predictions=store('predictions',
                              given['predictions'].astype(np.int64))))
    np.testing.assert_array_equal(bank.features, given['features'])
    assert bank.labels.tolist() == given['labels'].tolist()
    assert bank.predictions.tolist() == given['predictions'].tolist()


def test_features_whose_square_is_no_number_are_refused(tmp_path):
    path = write_npz(tmp_path, features=np.full((6, 3), 1e200))
    with pytest.raises(ValueError, match='up to 1e.100'):
        read_features(path)


def test_features_of_no_columns_are_refused(tmp_path):
    path = write_npz(tmp_path, features=np.ones((6, 0), np.float32))
    with pytest.raises(ValueError, match='features'):
        read_features(path)


def test_float8_is_widened(tmp_path):
    path = str(tmp_path / 'features.pt')
    torch.save(
        dict(
            features=torch.ones(6, 3).to(torch.float8_e4m3fn),
            labels=torch.arange(6) % 2), path)
    assert read_features(path).features.dtype == np.float32
